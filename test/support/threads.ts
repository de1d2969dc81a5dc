// Threads of the program that run in this one: messages are copied and buffers moved, as between real ones.
import type { Host } from '../../src/cli/host.ts'
import type { FromThread, Start, ToThread } from '../../src/cli/many/messages.ts'
import { beginThread } from '../../src/cli/many/thread.ts'

export interface Traffic {
  readonly to: ToThread[]
  readonly from: FromThread[]
  /** Threads that were started. */
  started: number
}

export interface ThreadsHere {
  readonly threads: NonNullable<Host['threads']>
  readonly traffic: Traffic
}

/** @param dies true for a message at which the thread dies instead of sending it. */
export function threadsHere(
  words: readonly string[],
  { most = 1, dies = () => false }: { readonly most?: number; readonly dies?: (message: FromThread) => boolean } = {},
): ThreadsHere {
  const traffic: Traffic = { to: [], from: [], started: 0 }
  return {
    traffic,
    threads: {
      most,
      filesEach: 1,
      start: (data) => {
        traffic.started++
        const copied = structuredClone({ ...data, words }) as Start
        let isOver = false
        const heard: ((message: unknown) => void)[] = []
        const ended: (() => void)[] = []
        const end = (): void => {
          if (!isOver) for (const take of ended) queueMicrotask(take)
          isOver = true
        }
        const post = (message: FromThread, moved: readonly ArrayBuffer[] = []): void => {
          const sent = structuredClone(message, { transfer: [...moved] })
          if (isOver) return
          if (dies(sent)) {
            end()
            return
          }
          traffic.from.push(sent)
          setImmediate(() => {
            if (!isOver) for (const take of heard) take(sent)
          })
        }
        const take = beginThread(copied, { post }, end)
        return {
          post: (message, moved = []) => {
            const sent = structuredClone(message, { transfer: [...moved] }) as ToThread
            traffic.to.push(sent)
            // A thread hears the last message although nobody listens to it any more.
            setImmediate(() => {
              if (!isOver || sent === 'end') take(sent)
            })
          },
          onMessage: (listener) => {
            heard.push(listener)
          },
          onEnd: (listener) => {
            ended.push(listener)
          },
          end,
        }
      },
    },
  }
}
