// Builds dist/cli (few chunks, for start-up time) and dist/lib (few modules with types, for library users). Usage:
//
//   node scripts/build.mjs [--optional | --whole] [FOLDER]
//
// FOLDER is what is built instead of dist/. With --optional it is no failure when the packages to build with were left out at installation; with
// --whole it is one when any package is missing, which the program would ask for when it needs it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isInstalled } from './installed.mjs'
import { replaceFolder } from './replace-folder.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const { values, positionals } = parseArgs({
  options: { optional: { type: 'boolean' }, whole: { type: 'boolean' } },
  allowPositionals: true,
})
const place = resolve(positionals[0] ?? join(root, 'dist'))
const needed = values.whole
  ? Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies)
  : ['esbuild', 'typescript']
const missing = needed.filter((name) => !isInstalled(name))

if (missing.length > 0) {
  const names = missing.join(' and ')
  process.stderr.write(`sops-ts is not built without ${names}: install with the development dependencies (npm ci)\n`)
  process.exitCode = values.optional ? 0 : 1
} else {
  const fresh = `${place}.${process.pid}`
  process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))
  mkdirSync(join(fresh, 'cli'), { recursive: true })
  const { bundle } = await import('./bundle.mjs')
  const metafile = await bundle(root, join(fresh, 'cli'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  // Checking is for `npm run check`; here packages may be missing whose types it needs.
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(fresh, 'lib')], {
    cwd: root,
    stdio: 'inherit',
  })
  const { bundleLibrary, useChunks } = await import('./library.mjs')
  await useChunks(metafile, fresh)
  await bundleLibrary(fresh)
  replaceFolder(fresh, place)
}
