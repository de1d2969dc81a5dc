// Files of tokens, certificates and credentials, named by the environment or found in the home folder.
import type { Context } from '../context/index.ts'
import { readNamed, readNamedSync, shownPath } from '../system/index.ts'

/** The most bytes read from a pipe or a device: far more than any bundle of certificates. */
const maximumSize = 16 * 1024 * 1024

/** The text of the file; waiting for a pipe is announced. @throws the system's error. */
export async function readCredentials(path: string, ctx: Pick<Context, 'log'>): Promise<string> {
  const message = `waiting for credentials from ${shownPath(path)}`
  const onWait = (): void => ctx.log({ level: 'warning', logger: 'CMD', message })
  return (await readNamed(path, { maximum: maximumSize, onWait })).toString('utf8')
}

/** The same for code that cannot wait. @throws the system's error. */
export const readCredentialsSync = (path: string): string => readNamedSync(path, maximumSize).toString('utf8')
