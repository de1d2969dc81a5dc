// Yes-or-no questions on stdout, answered on stdin, as scripts answer them (`yes | sops updatekeys …`).
import { memoKey } from '../context/memo.ts'
import { SopsError } from '../errors.ts'
import type { Host } from './host.ts'
import type { Io } from './invocation.ts'
import { type Line, sayPart } from './say.ts'

/** Lines of stdin, one at a time; undefined at the end. Kept for the whole run, since a chunk may hold several answers. */
function lineReader(host: Host): () => Promise<string | undefined> {
  const chunks = host.stdin[Symbol.asyncIterator]()
  let rest = ''
  let ended = false
  return async () => {
    for (;;) {
      const end = rest.indexOf('\n')
      if (end >= 0) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 1)
        return line
      }
      if (ended) {
        const last = rest
        rest = ''
        return last === '' ? undefined : last
      }
      const next = await chunks.next()
      if (next.done) ended = true
      else rest += Buffer.from(next.value).toString()
    }
  }
}

const stdinLines = memoKey<ReturnType<typeof lineReader>>('lines of stdin')

/**
 * Asks until the answer is `y` or `n`.
 * @throws SopsError `generic` with the reference's words when stdin ends, or the line is empty or has several words (spec/cli.md 13.7).
 */
export async function askYesNo(io: Io, question: Line): Promise<boolean> {
  const nextLine = io.ctx.once(stdinLines, () => lineReader(io.host))
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
