// The bill of materials of an executable (CycloneDX): what esbuild put into the bundle, with versions, licences and hashes of the lock file.
// Nothing of it depends on when or where it is made.
import { packagesIn } from './licences.mjs'

const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`

const licenceOf = (text) => [/[ (]/.test(text) ? { expression: text } : { license: { id: text } }]

/** `sha512-BASE64` as npm writes it. */
const hashOf = (integrity) => ({
  alg: 'SHA-512',
  content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
})

/** @throws Error for a package that the lock file does not pin */
function componentOf(folder, lock) {
  const found = lock.packages[folder]
  const name = folder.replace(/^.*node_modules\//, '')
  if (!found?.version || !found.license || !/^sha512-/.test(found.integrity ?? ''))
    throw new Error(`${folder} is not in the lock file with version, licence and hash`)
  const purl = purlOf(name, found.version)
  const [group, plain] = name.startsWith('@') ? name.split('/') : [undefined, name]
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group === undefined ? {} : { group }),
    name: plain,
    version: found.version,
    hashes: [hashOf(found.integrity)],
    licenses: licenceOf(found.license),
    purl,
  }
}

/**
 * @param {object} of
 * @param {{ inputs: Record<string, unknown> }} of.metafile esbuild's
 * @param {{ name: string, version: string, license: string }} of.pkg package.json
 * @param {{ packages: Record<string, any> }} of.lock package-lock.json
 * @param {{ package: string, version: string, integrity: string, parts: readonly { name: string, licence: string }[] }} of.runtime
 * @param {string} of.sha256 of the executable, in hex
 */
export function billOfMaterials({ metafile, pkg, lock, runtime, sha256 }) {
  const own = purlOf(pkg.name, pkg.version)
  const runtimePurl = purlOf(runtime.package, runtime.version)
  const [group, name] = runtime.package.split('/')
  const packages = new Map(
    packagesIn(metafile).map((folder) => {
      const component = componentOf(folder, lock)
      return [component['bom-ref'], component]
    }),
  )
  const components = [...packages.keys()].sort().map((ref) => packages.get(ref))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        name: pkg.name,
        version: pkg.version,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
        licenses: licenceOf(pkg.license),
        purl: own,
      },
    },
    components: [
      {
        type: 'platform',
        'bom-ref': runtimePurl,
        group,
        name,
        version: runtime.version,
        description: 'the runtime, with what it links statically',
        hashes: [hashOf(runtime.integrity)],
        licenses: licenceOf('MIT'),
        purl: runtimePurl,
        // Their versions are those that the runtime's release names.
        components: runtime.parts.map((part) => ({
          type: 'library',
          name: part.name,
          licenses: [{ license: { name: part.licence } }],
        })),
      },
      ...components,
    ],
    dependencies: [{ ref: own, dependsOn: [runtimePurl, ...packages.keys()].sort() }],
  }
}
