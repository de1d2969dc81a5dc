// `sops unset`: removes one value of a file.
import { isMissing, unsetAt } from '../../core/change.ts'
import { parsePath } from '../../core/path.ts'
import type { MapNode } from '../../core/tree.ts'
import { SopsError } from '../../errors.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeInPlace } from '../open.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const [name, index] = inv.positionals
  if (name === undefined || index === undefined || inv.positionals.length !== 2) {
    throw new SopsError('no-file', 'Error: no file specified, or index is missing')
  }
  await changeInPlace(inv, io, name, async () => {
    const steps = parsePath(index, 'bad-path-or-value', 'Invalid unset index format: ')
    return (root): MapNode | undefined => {
      try {
        return unsetAt(root, steps)
      } catch (error) {
        if (!inv.bool('idempotent') || !isMissing(error)) throw error
        return undefined
      }
    }
  })
  return 0
}
