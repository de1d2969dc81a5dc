// Where the built program is. It is built before the tests begin (global-setup.ts): none of them builds it, so that all see the same one.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))
export const bin: string = join(root, 'bin/sops.mjs')
