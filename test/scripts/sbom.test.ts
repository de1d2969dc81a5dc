// The bill of materials lists what the bundle is made of, by the lock file, and nothing that changes from build to build.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packagesIn, runtimeLicences } from '../../scripts/licences.mjs'
import { type Bill, billOfMaterials } from '../../scripts/sbom.mjs'
import { sumsOf } from '../../scripts/sums.mjs'
import { root } from '../support/build.ts'

const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))

type Of = Parameters<typeof billOfMaterials>[0]
const given: Of = {
  metafile: read('dist/cli/meta.json'),
  pkg: read('package.json'),
  lock: read('package-lock.json'),
  runtime: {
    package: '@scope/runtime',
    version: '1.2.3',
    integrity: `sha512-${Buffer.alloc(64, 7).toString('base64')}`,
    parts: [{ name: 'engine', licence: 'LGPL-2.0-or-later' }],
  },
  sha256: 'ab'.repeat(32),
}
const bill: Bill = billOfMaterials(given)
const lock = given.lock.packages as Record<string, { version: string; license: string; integrity: string }>
const folders = packagesIn(given.metafile)

test('the executable itself, by its hash', () => {
  const { version } = given.pkg
  expect(bill.metadata.component).toMatchObject({
    name: 'sops-ts',
    version,
    purl: `pkg:npm/sops-ts@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-256', content: given.sha256 }],
  })
})

test('the runtime, with what is linked into it', () => {
  expect(bill.components[0]).toMatchObject({
    group: '@scope',
    name: 'runtime',
    purl: 'pkg:npm/%40scope/runtime@1.2.3',
    hashes: [{ alg: 'SHA-512', content: '07'.repeat(64) }],
    components: [{ name: 'engine', licenses: [{ license: { name: 'LGPL-2.0-or-later' } }] }],
  })
})

test('there are packages in the bundle', () => expect(folders.length).toBeGreaterThan(100))

test.each(folders)('%s, with version, licence and hash', (folder) => {
  const name = folder.replace(/^.*node_modules\//, '')
  const { version, license, integrity } = lock[folder]!
  const found = bill.components.filter(({ purl }) => purl === `pkg:npm/${name.replace('@', '%40')}@${version}`)
  expect(found).toHaveLength(1)
  const [component] = found
  expect([component!.group, component!.name].filter(Boolean).join('/')).toBe(name)
  expect(component!.licenses).toEqual([{ license: { id: license } }])
  expect(Buffer.from(component!.hashes[0]!.content, 'hex').toString('base64')).toBe(integrity.slice('sha512-'.length))
})

test('nothing else, each once, and all of it needed by the executable', () => {
  const refs = bill.components.map(({ purl }) => purl)
  expect(new Set(refs).size).toBe(refs.length)
  expect(refs.length).toBeLessThanOrEqual(folders.length + 1)
  expect(bill.dependencies).toEqual([{ ref: bill.metadata.component.purl, dependsOn: [...refs].sort() }])
})

test('does not depend on when or in which order it is made', () => {
  const inputs = Object.fromEntries(Object.entries(given.metafile.inputs).reverse())
  expect(JSON.stringify(billOfMaterials({ ...given, metafile: { inputs } }))).toBe(JSON.stringify(bill))
  expect(JSON.stringify(bill)).not.toMatch(/timestamp|serialNumber|"20\d\d-/)
})

test('a licence that is a choice is an expression', () => {
  const place = 'node_modules/yaml'
  const packages = { ...lock, [place]: { ...lock[place]!, license: '(MIT OR Apache-2.0)' } }
  const found = billOfMaterials({ ...given, lock: { packages } }).components.find(({ name }) => name === 'yaml')
  expect(found!.licenses).toEqual([{ expression: '(MIT OR Apache-2.0)' }])
})

describe('a package is refused', () => {
  test.each(['version', 'license', 'integrity'])('without %s in the lock file', (property) => {
    const place = 'node_modules/yaml'
    const packages = { ...lock, [place]: { ...lock[place]!, [property]: undefined } }
    expect(() => billOfMaterials({ ...given, lock: { packages } })).toThrow(`${place} is not in the lock file`)
  })
})

test('what the runtime links has a name, a licence and its text', () => {
  const { lead, parts, text } = runtimeLicences()
  expect(lead).toMatch(/^The executable holds .*Bun /)
  expect(parts.length).toBeGreaterThan(25)
  const names = parts.map(({ name }) => name).join('\n')
  for (const name of ['JavaScriptCore', 'BoringSSL', 'tinycc', 'ICU', 'mimalloc', 'libarchive', 'zstd', 'c-ares'])
    expect(names).toContain(name)
  for (const title of ['GNU LIBRARY GENERAL PUBLIC LICENSE', 'GNU LESSER GENERAL PUBLIC LICENSE', 'UNICODE LICENSE V3'])
    expect(text).toContain(title)
})

test('sums are sorted by name and read by sha256sum', () => {
  const sums = sumsOf([
    ['b', '1'.repeat(64)],
    ['a', '2'.repeat(64)],
  ])
  expect(sums).toBe(`${'2'.repeat(64)}  a\n${'1'.repeat(64)}  b\n`)
})
