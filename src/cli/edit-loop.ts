// Editor and check in turns: the text goes to a private file, and comes back when it is valid.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { messageOf, placeOf, SopsError } from '../errors.ts'
import { codeOf, readFile, readFileSync, systemErrorText, writeFile } from '../system/index.ts'
import { runEditor } from './editor.ts'
import type { Io } from './invocation.ts'
import { placedLines } from './report.ts'
import { privateTempDir } from './temp-dir.ts'

export interface EditLoop<T> {
  /** Base name of the file that the editor sees, from which it tells the syntax. */
  readonly name: string
  readonly content: Uint8Array
  /**
   * Parses what the editor left. A SopsError is shown and the editor opens again, unless `fatal` says otherwise.
   */
  readonly read: (bytes: Uint8Array) => T | Promise<T>
  /** The line above an error of `read`. */
  readonly headline: (error: SopsError) => string
  readonly fatal?: (error: SopsError) => boolean
  /** What to do with the result. If it fails, the text is kept and the user told where. */
  readonly finish: (result: T) => Promise<void>
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const again = 'Press enter to return to the editor, or Ctrl+C to exit.'

/** How many invalid texts an editor without a terminal may leave before we give up. */
const maximumUnasked = 5

/**
 * @throws SopsError `not-modified` when the text is as it was in the beginning, `editor-failed`, or what `finish` throws.
 */
export async function editLoop<T>(loop: EditLoop<T>, io: Io): Promise<void> {
  const folder = privateTempDir(io.host)
  const file = join(folder.path, loop.name)
  const release = io.host.onSignal((signal) => {
    const canceled = new SopsError('generic', 'User canceled operation')
    // Of the other signals nobody is sure to read where the text would be.
    const error = signal === 'SIGINT' && isEdited(file, loop.content) ? keep(canceled) : canceled
    folder.remove()
    void io.fail(error).finally(() => io.host.exit(1))
  })
  try {
    await writeFile(file, loop.content, { mode: 0o600, flag: 'wx' })
    const first = digest(loop.content)
    for (let last = first, unasked = 0; ; ) {
      await runEditor(file, io.host)
      const bytes = await readFile(file).catch((error: unknown) => {
        const text = `Could not read edited file: ${systemErrorText(error, 'open', file)}`
        throw new SopsError('bad-input', text, { cause: error })
      })
      const now = digest(bytes)
      if (now === first) throw new SopsError('not-modified', 'File has not changed, exiting.')
      const result = await attempt(loop, bytes, io).catch((error: unknown) => {
        throw keep(error)
      })
      if ('error' in result) {
        const answer = await io.ctx.prompt('')
        // Without a terminal nobody can fix the text: an editor that leaves the same text again, or never a valid one, would loop forever.
        if (answer === undefined && (now === last || ++unasked === maximumUnasked)) throw keep(result.error)
        last = now
        continue
      }
      await loop.finish(result.value).catch((error: unknown) => {
        throw keep(error)
      })
      return
    }
  } finally {
    release()
    folder.remove()
  }

  function keep(error: unknown): SopsError {
    folder.keep()
    const known = error instanceof SopsError
    return new SopsError(known ? error.code : 'generic', messageOf(error), {
      ...(known ? placeOf(error) : {}),
      hints: [
        ...(known ? error.hints : []),
        `your text is kept in ${file} (mode 0600): delete it when you have saved what you need`,
      ],
      cause: error,
    })
  }
}

/** Whether the user has left another text there. One that cannot be read counts: it may be all that is left of it. */
function isEdited(file: string, content: Uint8Array): boolean {
  try {
    return digest(readFileSync(file)) !== digest(content)
  } catch (error) {
    return codeOf(error) !== 'ENOENT'
  }
}

async function attempt<T>(loop: EditLoop<T>, bytes: Uint8Array, io: Io): Promise<{ value: T } | { error: SopsError }> {
  try {
    return { value: await loop.read(bytes) }
  } catch (error) {
    if (!(error instanceof SopsError) || loop.fatal?.(error)) throw error
    const [first, ...more] = placedLines(error)
    io.ctx.log({
      level: 'error',
      logger: 'CMD',
      message: `${loop.headline(error)}: ${first}`,
      more: [...more, ...error.hints.map((hint) => `hint: ${hint}`), again],
    })
    return { error }
  }
}
