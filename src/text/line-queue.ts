// Lines of a text that comes in pieces.

export interface LineQueue {
  add(piece: string): void
  /** Nothing more comes: `next` fails with the first reason that it was given, once it has given the whole lines. */
  end(reason: Error): void
  /** The next whole line, without its line feed. @throws the reason of the end. */
  next(): Promise<string>
  /** The same, undefined where there is none yet. */
  take(): string | undefined
  /** Takes what stands behind the last line that was taken. */
  rest(): string
}

/** `waiting` is given what ends when more comes, or nothing more will. */
export function lineQueue(waiting: (more: Promise<void>) => Promise<void> = (more) => more): LineQueue {
  let pending = ''
  let ended: Error | undefined
  let wake: (() => void) | undefined
  const take = (): string | undefined => {
    const end = pending.indexOf('\n')
    if (end < 0) return undefined
    const line = pending.slice(0, end)
    pending = pending.slice(end + 1)
    return line
  }
  return {
    add(piece) {
      pending += piece
      wake?.()
    },
    end(reason) {
      ended ??= reason
      wake?.()
    },
    async next() {
      for (;;) {
        const line = take()
        if (line !== undefined) return line
        if (ended) throw ended
        await waiting(
          new Promise((resolve) => {
            wake = resolve
          }),
        )
      }
    },
    take,
    rest() {
      const rest = pending
      pending = ''
      return rest
    },
  }
}
