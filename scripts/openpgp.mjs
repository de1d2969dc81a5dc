// openpgp, which stays a file of its own for its licence (LGPL): whoever wants another one puts it in its place.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

/** Copies the package's program and licence from the checkout `root` into `folder`, under the names they have beside the executable; returns those. */
export function layOpenpgp(root, folder) {
  const names = { 'openpgp.cjs': 'dist/node/openpgp.min.cjs', 'openpgp.LICENSE.txt': 'LICENSE' }
  for (const [name, source] of Object.entries(names))
    copyFileSync(join(root, 'node_modules/openpgp', source), join(folder, name))
  return Object.keys(names)
}
