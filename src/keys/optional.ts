// Packages that may be left out at installation, loaded when something needs them.
import { createRequire } from 'node:module'
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
const load = createRequire(import.meta.url)

/**
 * A CommonJS package; `from` names another one through which it is found. Loaded by `require`, because `import()` first has Node scan the
 * package's text for its exports, which takes as long as running it.
 * @throws SopsError `missing-dependency`.
 */
export function loadPackage<T>(name: string, from?: string): T {
  try {
    return (from === undefined ? load : createRequire(load.resolve(from)))(name) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    const wanted = from ?? name
    throw new SopsError('missing-dependency', `the package ${wanted} is needed for this key: npm install ${wanted}`, {
      cause: error,
    })
  }
}
