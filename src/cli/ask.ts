// Yes-or-no questions on stdout, answered on stdin because that is how scripts answer them (`yes | sops updatekeys …`).

import { memoKey } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { lineQueue } from '../text/line-queue.ts'
import type { Host } from './host.ts'
import type { Io } from './invocation.ts'
import { type Line, sayPart } from './say.ts'

/** Reads lines of stdin; undefined at the end. One reader serves the whole run, since a chunk may hold several answers. */
function stdinReader(host: Host): () => Promise<string | undefined> {
  const chunks = host.stdin[Symbol.asyncIterator]()
  const lines = lineQueue()
  return async () => {
    for (;;) {
      const line = lines.take()
      if (line !== undefined) return line
      const next = await chunks.next()
      if (next.done) return lines.rest() || undefined
      lines.add(Buffer.from(next.value).toString())
    }
  }
}

const stdinLines = memoKey<ReturnType<typeof stdinReader>>('lines of stdin')

/**
 * Asks until the answer is `y` or `n`.
 * @throws SopsError `generic` with the reference's words when stdin ends, or the line is empty or has several words (spec/cli.md 13.7).
 */
export async function askYesNo(io: Io, question: Line): Promise<boolean> {
  const nextLine = io.ctx.once(stdinLines, () => stdinReader(io.host))
  const resume = io.pause()
  try {
    return await askWith(nextLine, io, question)
  } finally {
    resume()
  }
}

async function askWith(nextLine: ReturnType<typeof stdinReader>, io: Io, question: Line): Promise<boolean> {
  for (;;) {
    await sayPart(io.host.stdout, question)
    const line = await nextLine()
    if (line === undefined) throw new SopsError('generic', 'EOF')
    const words = line.split(/\s+/).filter((word) => word !== '')
    if (words.length === 0) throw new SopsError('generic', 'unexpected newline')
    if (words.length > 1) throw new SopsError('generic', 'expected newline')
    if (words[0] === 'y') return true
    if (words[0] === 'n') return false
  }
}
