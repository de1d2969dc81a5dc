// What --verbose shows of the keys that are tried, in the reference's words (spec/cli.md 17).
import type { Context, LogLine } from '../context/index.ts'
import { keyTypes } from '../keys/index.ts'
import type { MasterKey } from '../keys/types.ts'

/** Of a key service, who is told. */
export interface Teller {
  /** Where what is done with it is told. */
  readonly log?: Context['log']
  /** It keeps its own log of the keys that it tries. */
  readonly remote?: boolean
}

/** What became of one key at one service. */
export interface Attempt {
  readonly key: MasterKey
  readonly service: Teller
  readonly isDone: boolean
}

/** Tells of keys that were tried, in the order given, which is the stored one whatever order the answers came in. */
export function tellOfKeys(done: 'wrap' | 'unwrap', attempts: readonly Attempt[]): void {
  for (const { key, service, isDone } of attempts) {
    if (service.remote || !service.log) continue
    const { logger, logFields } = keyTypes[key.type]
    const message = `${done === 'wrap' ? 'Encryption' : 'Decryption'} ${isDone ? 'succeeded' : 'failed'}`
    service.log({ level: 'info', logger, message, fields: logFields(key, done) })
  }
}

/** Tells of the data key itself. */
export const tellOfDataKey = (services: readonly Teller[], message: string, fields: LogLine['fields'] = {}): void =>
  services.find(({ log }) => log !== undefined)?.log?.({ level: 'info', logger: 'SOPS', message, fields })
