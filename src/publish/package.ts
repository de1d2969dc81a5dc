// SDKs that only publishing needs and that may be left out at installation.
import { SopsError } from '../errors.ts'
import { loadPackage } from '../keys/optional.ts'

/** @throws SopsError `missing-dependency`. */
export function loadPublishPackage<T>(name: string, from?: string): T {
  try {
    return loadPackage<T>(name, from)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const wanted = from ?? name
    throw new SopsError(
      'missing-dependency',
      `the package ${wanted} is needed to publish there: npm install ${wanted}`,
      {
        cause: error,
      },
    )
  }
}
