// The package.json that is published: without what only a checkout needs. Usage:
//
//   node scripts/manifest.mjs publish | restore
//
// `npm pack` and `npm publish` pack the file that lies there, so one run puts the published form in its place and the other puts it back.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Packages are in the bundle, and scripts of the checkout are not in the package; what remains uses the executable where npm installs one. */
export function published({ devDependencies: _, scripts: __, ...pkg }, more = {}) {
  return { ...pkg, scripts: { postinstall: 'node bin/link.cjs' }, ...more }
}

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const [place, kept] = [join(root, 'package.json'), join(root, 'package.json.kept')]

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [word] = process.argv.slice(2)
  if (word === 'publish') {
    // Left over where packing was interrupted: the file in its place is not the checkout's.
    if (!existsSync(kept)) copyFileSync(place, kept)
    writeFileSync(place, `${JSON.stringify(published(JSON.parse(readFileSync(kept, 'utf8'))), null, 2)}\n`)
  } else if (word === 'restore') renameSync(kept, place)
  else {
    process.stderr.write('usage: node scripts/manifest.mjs publish | restore\n')
    process.exitCode = 1
  }
}
