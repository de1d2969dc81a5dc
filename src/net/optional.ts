// Packages that a build may have been made without, loaded on first use.
import { SopsError } from '../errors.ts'

/**
 * What `load` imports. It must be a function around a literal `import()`: bundlers see nothing else.
 * @throws SopsError `missing-dependency`.
 */
export async function loadOptional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new SopsError('missing-dependency', `missing package ${name}: npm i -g ${name}`, { cause: error })
  }
}
