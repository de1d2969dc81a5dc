// Files of tokens, certificates and credentials, named by the environment or found in the home folder.
import type { Context } from '../context/index.ts'
import { readNamed, readNamedSync, shownPath } from '../system/index.ts'

/** The most bytes read: far more than any bundle of certificates. */
const maximumSize = 16 * 1024 * 1024

/** Errors of reading what is open do not name the file. */
const naming = (error: unknown, path: string): unknown =>
  error instanceof Error && 'syscall' in error && !('path' in error) ? Object.assign(error, { path }) : error

/**
 * The text of the file; waiting for a pipe is announced.
 * @throws the system's error, EFBIG for what is too long; an error for a pipe that nobody writes to. Messages name the file.
 */
export async function readCredentials(path: string, ctx: Pick<Context, 'log'>): Promise<string> {
  const message = `waiting for credentials from ${shownPath(path)}`
  const onWait = (): void => ctx.log({ level: 'warning', logger: 'CMD', message })
  try {
    return (await readNamed(path, { maximum: maximumSize, strict: true, onWait })).toString('utf8')
  } catch (error) {
    throw naming(error, path)
  }
}

/** The same for code that cannot wait. */
export function readCredentialsSync(path: string): string {
  try {
    return readNamedSync(path, maximumSize).toString('utf8')
  } catch (error) {
    throw naming(error, path)
  }
}
