// How a file is written.
import type { Context } from '../context/index.ts'
import type { Fingerprint, Lock } from '../disk/index.ts'

export interface WriteOptions {
  /** For the reference's message that the target cannot be written; by default `output file`. */
  readonly what?: 'in-place file' | 'output file'
  /**
   * What the target held when it was read, or `absent`. If it holds something else by then, another program has changed it, and nothing is
   * written.
   */
  readonly expect?: Fingerprint | 'absent'
  /** The lock, if it was taken before the target was read. */
  readonly lock?: Lock | undefined
  /** Told what is waited for. */
  readonly log?: Context['log']
}
