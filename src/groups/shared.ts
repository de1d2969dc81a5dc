// Key services for a run over many files: a wrapped key that several files share is opened once, and nobody is asked too much at a time.
import { createHash } from 'node:crypto'
import { type Turns, turns } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { identityOf, keyTypes, type MasterKey, type Unavailable } from '../keys/index.ts'
import type { KeyService } from './data-key.ts'

/** Calls that may be under way for one recipient at a time. */
const atOnce = 8

/** Services that share what they open, until `wipe`. */
export interface SharedServices {
  readonly services: readonly KeyService[]
  /** The services of one file, in the same order: they open with these, and wrap themselves, in the same turns. */
  readonly forFile: (own: readonly KeyService[]) => readonly KeyService[]
  /** Wipes the kept data keys. From then on nothing is unwrapped, and calls under way fail. */
  wipe(): void
}

type Answer = Uint8Array | Unavailable

/** What the services of one run share. */
interface Run {
  isOver: boolean
  /** What was opened, for `wipe`. */
  readonly kept: Uint8Array[]
  /** By recipient. */
  readonly queues: Map<string, Turns>
  /** What needs no network may ask for a passphrase or a touch, and such questions come one by one. */
  readonly local: Turns
}

const over = (): SopsError => new SopsError('generic', 'the run that this key service belongs to is over')

/**
 * The same services for a run over many files. A wrapped key, which is its type, its fields (an encryption context included) and `enc`, is
 * unwrapped once a service: askers at the same time wait for one call, and a failure is shared like a data key. Each asker gets bytes of its
 * own, which it wipes. At most 8 calls are under way for a recipient; identities of this machine are tried one at a time.
 */
export function sharedServices(services: readonly KeyService[]): SharedServices {
  const run: Run = { isOver: false, kept: [], queues: new Map(), local: turns(1) }
  const all = services.map((service) => shared(service, run))
  return {
    services: all,
    forFile: (own) => own.map((service, i) => ({ ...inTurns(service, run), unwrap: all[i]!.unwrap })),
    wipe() {
      run.isOver = true
      for (const bytes of run.kept.splice(0)) bytes.fill(0)
    },
  }
}

/** `sharedServices` for the duration of `use`, then wipes what they kept. */
export async function withSharedServices<T>(
  services: readonly KeyService[],
  use: (services: readonly KeyService[]) => Promise<T>,
): Promise<T> {
  const { services: own, wipe } = sharedServices(services)
  try {
    return await use(own)
  } finally {
    wipe()
  }
}

function shared(service: KeyService, run: Run): KeyService {
  const answers = new Map<string, Promise<Answer>>()
  const quietAnswers = new Map<string, Promise<Answer>>()
  const remembered = (made: Map<string, Promise<Answer>>, id: string, key: MasterKey, atHand: boolean) => {
    const known = made.get(id)
    if (known) return known
    const answer = unwrapInTurn(service, run, key, atHand)
    // Every asker takes the failure itself.
    answer.catch(() => {})
    made.set(id, answer)
    return answer
  }
  return {
    ...inTurns(service, run),
    unwrap: async (key, { atHand = false } = {}) => {
      const id = wrappedKeyId(key)
      // What was opened with questions is opened without them too; the other way round only where it could be.
      const quiet = atHand ? undefined : await quietAnswers.get(id)?.catch(() => undefined)
      if (quiet instanceof Uint8Array) return copyOf(quiet, run)
      const isQuiet = atHand && !answers.has(id)
      return copyOf(await remembered(isQuiet ? quietAnswers : answers, id, key, isQuiet), run)
    },
  }
}

const inTurns = (service: KeyService, run: Run): KeyService => ({
  ...service,
  wrap: (key, dataKey) => queueOf(run, key)(async () => service.wrap(key, dataKey)),
})

/** The data key is wiped when the run ends, also where the answer comes after that. */
async function unwrapInTurn(service: KeyService, run: Run, key: MasterKey, atHand: boolean): Promise<Answer> {
  const isLocal = service.remote !== true && keyTypes[key.type].network !== true
  const inTurn = isLocal ? run.local : queueOf(run, key)
  return inTurn(async () => {
    if (run.isOver) throw over()
    const answer = await service.unwrap(key, { atHand })
    if (!(answer instanceof Uint8Array)) return answer
    if (run.isOver) answer.fill(0)
    else run.kept.push(answer)
    return answer
  })
}

/** Fails after the end of the run, when there are nothing but zeros to copy. */
function copyOf(answer: Answer, { isOver }: Run): Answer {
  if (isOver) throw over()
  return answer instanceof Uint8Array ? Uint8Array.from(answer) : answer
}

function queueOf({ queues }: Run, key: MasterKey): Turns {
  const identity = identityOf(key)
  const queue = queues.get(identity) ?? turns(atOnce)
  queues.set(identity, queue)
  return queue
}

/** Equal where unwrapping asks the same of the same: the digest stands for a text of which a file may have any amount. */
function wrappedKeyId({ type, fields, enc }: MasterKey): string {
  const sorted = Object.entries(fields)
    .map(([name, value]) => [name, typeof value === 'string' ? value : Object.entries(value).sort()])
    .sort()
  return JSON.stringify([type, sorted, createHash('sha256').update(enc).digest('base64')])
}
