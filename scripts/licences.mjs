// The licences of what went into a bundle.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folders of packages, below node_modules, that have inputs in the bundle. */
export const packagesIn = ({ inputs }) =>
  [...new Set(Object.keys(inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []))].sort()

const line = `\n\n${'-'.repeat(80)}\n\n`

/** What a package says about its licence. @throws Error when that is nothing. */
function licenceOf(folder, root) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  if (!license && files.length === 0) throw new Error(`${folder} has no licence`)
  const body = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
  return [`${name} ${version} (${license})`, ...body].join('\n\n')
}

/**
 * One text: of this program, of what else it is made of, and of the packages. `metafile` is esbuild's, its paths are relative to `root`.
 * @throws Error for a package that says nothing about its licence
 */
export const licencesOf = (metafile, root, more = []) =>
  `${[licenceOf('', root), ...more, ...packagesIn(metafile).map((folder) => licenceOf(folder, root))].join(line)}\n`

/** What the runtime is made of: `{ name, licence, text }` each, from runtime-licences.txt, whose first part is about the runtime itself. */
export function runtimeLicences() {
  const text = readFileSync(new URL('runtime-licences.txt', import.meta.url), 'utf8').trim()
  const [lead, ...parts] = text.split(line)
  return {
    text,
    lead,
    parts: parts.flatMap((part) => {
      const [, name, licence] = /^([^()]+) \((.+)\)$/.exec(part.split('\n\n', 1)[0].replaceAll('\n', ' ')) ?? []
      return name === undefined ? [] : [{ name, licence }]
    }),
  }
}
