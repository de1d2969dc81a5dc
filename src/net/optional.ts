// Packages that may be left out at installation, loaded when something needs them.
import { SopsError } from '../errors.ts'

/**
 * What `load` imports. It is a function around a literal `import()`, which is what bundlers see.
 * @throws SopsError `missing-dependency`.
 */
export async function loadOptional<T>(name: string, load: () => Promise<T>, purpose = 'for this key'): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    const message = `the package ${name} is needed ${purpose}: npm install ${name}`
    throw new SopsError('missing-dependency', message, { cause: error })
  }
}
