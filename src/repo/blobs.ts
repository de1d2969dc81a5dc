// Reads many versions of files from one process of Git.
import type { Context } from '../context/index.ts'
import { SopsError, setIn } from '../errors.ts'
import { bytesOf, textOf } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { gitFailure, gitIn, notStarted, startGit } from './git.ts'

/** A process of Git that gives files by name until it is closed. */
export interface Blobs {
  /**
   * The content of `:0:PATH` (the index), `:1:PATH` to `:3:PATH` (the stages of a conflict), `HEAD:PATH` or any other revision, or of an id;
   * undefined where there is none, or no file, or one of more than `atMost` bytes. The index is that of the first read.
   * @throws SopsError `generic`.
   */
  read(name: string, atMost?: number): Promise<Uint8Array | undefined>
  /** Ends the process; reads that are not answered fail. */
  close(): void
}

interface Waiting {
  readonly atMost: number
  readonly done: (content: Uint8Array | undefined) => void
  readonly failed: (error: unknown) => void
}

/** The answer that is being read: how much of it is to come, its end of line included, and what there is if it is wanted. */
interface Answer {
  left: number
  readonly chunks: Buffer[] | undefined
}

/** Splits what Git writes into answers: `ID TYPE SIZE`, a line end, the content, a line end; or one line that says what is wrong. */
function reader(waiting: Waiting[]): (chunk: Buffer) => void {
  let line: Buffer = Buffer.alloc(0)
  let answer: Answer | undefined
  const settle = (content: Uint8Array | undefined): void => waiting.shift()?.done(content)
  const begin = (text: string): void => {
    const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(text) ?? []
    if (size === undefined) {
      if (/ missing$/.test(text)) settle(undefined)
      else waiting.shift()?.failed(gitFailure(['cat-file'], setIn(text)))
      return
    }
    const isWanted = type === 'blob' && Number(size) <= (waiting[0]?.atMost ?? 0)
    answer = { left: Number(size) + 1, chunks: isWanted ? [] : undefined }
  }
  const take = (chunk: Buffer, { chunks, left }: Answer): number => {
    const part = chunk.subarray(0, left)
    chunks?.push(part)
    answer = { left: left - part.length, chunks }
    if (answer.left > 0) return part.length
    answer = undefined
    settle(chunks && Buffer.concat(chunks).subarray(0, -1))
    return part.length
  }
  return (chunk) => {
    let rest = chunk
    while (rest.length > 0) {
      if (answer !== undefined) {
        rest = rest.subarray(take(rest, answer))
        continue
      }
      const end = rest.indexOf('\n')
      line = Buffer.concat([line, end < 0 ? rest : rest.subarray(0, end)])
      if (end < 0) return
      rest = rest.subarray(end + 1)
      const text = textOf(line)
      line = Buffer.alloc(0)
      begin(text)
    }
  }
}

const lineEnd = Buffer.from('\n')

/** Starts Git in a work tree; `top` is its top. @throws SopsError `generic`. */
export async function openBlobs(top: string, ctx: Context): Promise<Blobs> {
  const args = ['cat-file', '--batch']
  const child = await startGit(top, ctx, args).catch((error: unknown) => {
    throw gitFailure(args, [notStarted(error, top)])
  })
  const waiting: Waiting[] = []
  let asked: Buffer[] = []
  // Many ask in one turn, and each write costs as much as all that it can hold.
  const send = (): void => {
    child.stdin.write(Buffer.concat(asked))
    asked = []
  }
  let stderr = ''
  let failure: SopsError | undefined
  const fail = (error: SopsError): void => {
    failure ??= error
    for (const { failed } of waiting.splice(0)) failed(failure)
  }
  child.stdin.on('error', () => {})
  child.stdout.on('data', reader(waiting))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += textOf(chunk)
  })
  child.on('error', (error) => fail(gitFailure(args, [notStarted(error, top)])))
  child.on('close', () => fail(gitFailure(args, setIn(stderr.trim() || 'it has ended'))))
  const git = gitIn(top, ctx)
  return {
    read: async (name, atMost = Number.MAX_SAFE_INTEGER) => {
      const line = await lineFor(name, git)
      if (line === undefined) return undefined
      if (failure) throw failure
      return new Promise((done, failed) => {
        waiting.push({ atMost, done, failed })
        if (asked.length === 0) setImmediate(send)
        asked.push(line, lineEnd)
      })
    },
    close: () => {
      fail(gitFailure(args, ['it is closed']))
      child.stdin.end()
    },
  }
}

/** The name on a line of its own. One with a line end in it goes as the id of what it means: only newer releases take other separators. */
async function lineFor(name: string, git: ReturnType<typeof gitIn>): Promise<Buffer | undefined> {
  if (name.includes('\0')) throw new SopsError('generic', `${quote(name)}: no name in Git has null bytes`)
  if (!/\n|\r$/.test(name)) return bytesOf(name)
  const id = await git.ask('rev-parse', '--verify', '--quiet', name)
  return id?.subarray(0, -1)
}
