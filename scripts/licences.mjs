// The licences of the packages that went into a bundle.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folders of packages, below node_modules, that have inputs in the bundle. */
const packagesIn = ({ inputs }) =>
  [...new Set(Object.keys(inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []))].sort()

/** One text; `metafile` is esbuild's, its paths are relative to `root`. @throws Error for a package that says nothing about its licence. */
export function licencesOf(metafile, root) {
  const texts = packagesIn(metafile).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    if (!license && files.length === 0) throw new Error(`${folder} has no licence`)
    const body = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
    return [`${name} ${version} (${license})`, ...body].join('\n\n')
  })
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
