// The work on many files in a thread of its own: it reads, opens, changes and seals, and leaves the rest to the thread that started it.
import type { Context, LogLine } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { type KeyService, localKeyService } from '../../groups/index.ts'
import { keyTypes, type MasterKey, type Unavailable } from '../../keys/index.ts'
import type { EachWork } from '../command.ts'
import type { Flag } from '../flag.ts'
import type { Invocation, Io, Many } from '../invocation.ts'
import { Control, type Line } from '../say.ts'
import type { Answer, Ask, Done, FileTask, FromThread, ToThread, Written } from './messages.ts'
import { configFor } from './targets.ts'
import { buffersOf, movableCopy } from './worker.ts'

/** The line to the thread that started this one. */
export interface Port {
  post(message: FromThread, moved?: readonly ArrayBuffer[]): void
}

/** Why a file is given back; nobody reads it. */
const given = (what: string): Error => new Error(`given back: ${what}`)

/** What in a thread there is not. */
export const refuse = (what: string) => (): never => {
  throw given(what)
}

export interface Work {
  readonly inv: Invocation<Flag>
  readonly io: Io
  readonly each: EachWork<Invocation<Flag>>
}

/** Takes the messages of the other side. `ready` is the work to do; `end` is called when there is none left. */
export function serve(port: Port, ready: Promise<Work>, end: () => void): (message: ToThread) => void {
  const asked = new Map<number, (answer: Answer) => void>()
  let next = 0
  const ask: Asking = (question) =>
    new Promise((resolve) => {
      const id = next++
      asked.set(id, resolve)
      port.post({ ask: id, ...question }, buffersOf(question.dataKey))
    })
  const work = async (task: FileTask): Promise<void> => {
    try {
      const done = await workOn(task, await ready, ask)
      port.post(
        done,
        done.writes.flatMap(({ content }) => buffersOf(content)),
      )
    } catch {
      port.post({ id: task.id, isBack: true })
    }
  }
  return (message) => {
    if (message === 'end') end()
    else if ('ask' in message) {
      asked.get(message.ask)?.(message)
      asked.delete(message.ask)
    } else void work(message)
  }
}

type Asking = (question: Omit<Ask, 'ask'>) => Promise<Answer>

/** @throws whatever makes the other thread do it. */
async function workOn(task: FileTask, { inv, io, each }: Work, ask: Asking): Promise<Done> {
  const { id, target, rehearsal, agreed } = task
  const said: Line[] = []
  const writes: Written[] = []
  let isChanged = false
  const logged: LogLine[] = []
  const many: Many = {
    rehearsal,
    agreed,
    wouldChange: () => {
      isChanged = true
    },
    // The other thread has loaded it, and said what there is to say about it.
    config: () => configFor(inv, { ...io, ctx: { ...io.ctx, log: () => {} } }, target.path),
    services: async () => [serviceFor(task, ask, io.ctx)],
    earlier: () => serviceFor(task, ask),
  }
  const own: Io = {
    ...io,
    many,
    ctx: {
      ...io.ctx,
      log: (line) => {
        if (line.level !== 'debug' && line.level !== 'info') logged.push(line)
      },
    },
    about: () => {},
    done: async () => {},
    tell: async () => {},
    say: async (...lines) => {
      if (!lines.every(isPlain)) throw given('colours')
      for (const line of lines) said.push(line)
    },
    write: async (path, content, { expect } = {}) => {
      if (!(content instanceof Uint8Array) || expect === undefined || expect === 'absent') throw given('in pieces')
      // A view into a larger buffer would go over with all that is in it.
      writes.push({ path, content: new Uint8Array(content), expect })
    },
  }
  await each({ ...inv, positionals: [target.name] }, own)
  return { id, isChanged, said, logged, writes }
}

const isPlain = (line: Line): boolean => typeof line === 'string' || (!(line instanceof Control) && line.every(isPlain))

/** With `ctx` it wraps what can be computed; for the earlier version of the file it does not. */
function serviceFor({ id: task }: FileTask, ask: Asking, ctx?: Context): KeyService {
  const own = ctx && localKeyService(ctx)
  const result = async (key: MasterKey, more: Pick<Ask, 'dataKey' | 'atHand'>) => {
    const { error, result } = await ask({ task, key, isEarlier: own === undefined, ...more })
    if (error) throw new SopsError(error.code, error.lines, { hints: error.hints })
    return result
  }
  return {
    name: 'local',
    wrap: async (key, dataKey) =>
      own && keyTypes[key.type].isComputed?.(key)
        ? own.wrap(key, dataKey)
        : ((await result(key, { dataKey: movableCopy(dataKey), atHand: false })) as string),
    unwrap: async (key, { atHand = false } = {}) => (await result(key, { atHand })) as Uint8Array | Unavailable,
  }
}
