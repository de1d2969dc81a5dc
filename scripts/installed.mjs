// Which packages there are to build with: optional ones may have been left out at installation.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const isInstalled = (name) => existsSync(fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url)))
