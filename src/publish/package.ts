// Loads SDKs that only publishing needs, and that an installation may leave out.
import { loadOptional } from '../net/index.ts'

/** @throws SopsError `missing-dependency`. */
export const loadForPublishing = <T>(name: string, load: () => Promise<T>): Promise<T> =>
  loadOptional(name, load, 'to publish there')
