// What --verbose says about the keys that are tried, in the reference's words (spec/cli.md 17).
import type { Context, LogLine, Stage } from '../context/index.ts'
import type { MasterKey } from '../keys/index.ts'
import { keyTypes, labelOf } from '../keys/index.ts'

/** The part of a key service that says where to log. */
export interface Teller {
  /** Where its work is logged. */
  readonly log?: Context['log']
  /** Who watches its work. */
  readonly watch?: Context['watch']
  /** It logs the keys that it tries itself. */
  readonly remote?: boolean
}

/** One key tried at one service. */
export interface Attempt {
  readonly key: MasterKey
  readonly service: Teller
  readonly isDone: boolean
}

/** Logs keys that were tried, in the given order: the stored one, whatever order the answers came in. */
export function tellOfKeys(done: 'wrap' | 'unwrap', attempts: readonly Attempt[]): void {
  for (const { key, service, isDone } of attempts) {
    if (service.remote || !service.log) continue
    const { logger, logFields } = keyTypes[key.type]
    const message = `${done === 'wrap' ? 'Encryption' : 'Decryption'} ${isDone ? 'succeeded' : 'failed'}`
    service.log({ level: 'info', logger, message, fields: logFields(key, done) })
  }
}

/** Who watches the work that these services are for. */
export const watchOf = (services: readonly Teller[]): Context['watch'] =>
  services.find(({ watch }) => watch !== undefined)?.watch

/** Says that the key is tried; `done` of `total` keys, recipients or groups are through. */
export function tellOfTrial(service: Teller, key: MasterKey, count: Omit<Stage, 'what' | 'long'> = {}): void {
  service.watch?.({ what: `waiting for ${keyTypes[key.type].question.title} ${labelOf(key)}`, ...count })
}

/** Logs what was done with the data key itself. */
export const tellOfDataKey = (services: readonly Teller[], message: string, fields: LogLine['fields'] = {}): void =>
  services.find(({ log }) => log !== undefined)?.log?.({ level: 'info', logger: 'SOPS', message, fields })
