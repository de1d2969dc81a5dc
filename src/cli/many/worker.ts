// One thread at work, as seen by the thread that started it.
import { SopsError } from '../../errors.ts'
import type { KeyService } from '../../groups/index.ts'
import type { Unavailable } from '../../keys/index.ts'
import type { Target } from '../../repo/index.ts'
import { earlierService } from '../earlier.ts'
import type { KeyServiceFlag } from '../flags.ts'
import type { Thread } from '../host.ts'
import type { Invocation, Io, Many } from '../invocation.ts'
import { servicesOf } from '../settings.ts'
import type { Answer, Ask, Done, FromThread, ToThread } from './messages.ts'

/** A thread that works on files for this one. */
interface Worker {
  /** Files that are with it. */
  readonly busy: () => number
  readonly isFree: () => boolean
  /** Undefined for a file that it gives back. `io` is the run for the file, whose key services the thread asks for its keys. */
  work(target: Target, io: Io, ways: Pick<Many, 'rehearsal' | 'agreed'>): Promise<Done | undefined>
  end(): void
}

interface Pending {
  readonly io: Io
  readonly settle: (done: Done | undefined) => void
}

/** Files given back from which a thread that gives back more than it does is left alone. */
const patience = 8

/** `room` is how many files may be with it. */
export function makeWorker(inv: Invocation<KeyServiceFlag>, thread: Thread, room: number): Worker {
  const pending = new Map<number, Pending>()
  const count = { next: 0, done: 0, back: 0 }
  let hasEnded = false
  const settle = (id: number, done: Done | undefined): void => {
    const one = pending.get(id)
    pending.delete(id)
    if (done) count.done++
    else count.back++
    one?.settle(done)
  }
  const post = (message: ToThread, moved?: readonly ArrayBuffer[]): void => {
    if (!hasEnded) thread.post(message, moved)
  }
  thread.onMessage((received) => {
    const message = received as FromThread
    if ('ask' in message) {
      const io = pending.get(message.task)?.io
      if (io) answerOf(message, inv, io).then((answer) => post(answer, buffersOf(answer.result)))
    } else settle(message.id, 'isBack' in message ? undefined : message)
  })
  thread.onEnd(() => {
    hasEnded = true
    for (const id of [...pending.keys()]) settle(id, undefined)
  })
  return {
    busy: () => pending.size,
    isFree: () => !hasEnded && pending.size < room && (count.back < patience || count.back < count.done),
    work: (target, io, ways) =>
      new Promise((resolve) => {
        const id = count.next++
        pending.set(id, { io, settle: resolve })
        post({ id, target, ...ways })
      }),
    end() {
      post('end')
      hasEnded = true
      thread.end()
    },
  }
}

async function answerOf(ask: Ask, inv: Invocation<KeyServiceFlag>, io: Io): Promise<Answer> {
  const { ask: id, key, dataKey, atHand } = ask
  try {
    const service = ask.isEarlier ? earlierService(io) : await serviceOf(inv, io)
    if (dataKey === undefined) return { ask: id, result: movable(await service.unwrap(key, { atHand })) }
    return { ask: id, result: await service.wrap(key, dataKey) }
  } catch (error) {
    if (!(error instanceof SopsError)) return { ask: id, error: { code: 'generic', lines: ['failed'], hints: [] } }
    const { code, lines, hints } = error
    return { ask: id, error: { code, lines, hints } }
  } finally {
    dataKey?.fill(0)
  }
}

/** The one service: threads start only where there are no others. */
async function serviceOf(inv: Invocation<KeyServiceFlag>, io: Io): Promise<KeyService> {
  const [service] = await servicesOf(inv, io)
  return service!
}

/** A data key outside of the heap of the runtime, where moving it leaves nothing behind; the one that was given is wiped. */
function movable(answer: Uint8Array | Unavailable): Uint8Array | Unavailable {
  if (!(answer instanceof Uint8Array)) return answer
  const moved = movableCopy(answer)
  answer.fill(0)
  return moved
}

export function movableCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** What goes over instead of being copied, so that one copy is left to wipe. */
export const buffersOf = (bytes: unknown): readonly ArrayBuffer[] =>
  bytes instanceof Uint8Array && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : []
