// The packages that the program and the library are made of: every one accounted for in the README, its licence allowed, its content pinned, no
// scripts; and none that has to be installed with this one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packagesOf } from '../../scripts/packages.mjs'
import { root } from '../support/build.ts'

interface Locked {
  readonly license?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const json = (name: string): Record<string, Record<string, string>> => JSON.parse(read(name))

const { scripts = {}, ...manifest } = json('package.json')
const direct = packagesOf(root)
const lock = (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages

/** Where Node finds a package that the one at `place` asks for: in its folder or those above. Undefined for one that may be left out. */
function placeOf(name: string, place: string): string | undefined {
  const found = place === '' ? `node_modules/${name}` : `${place}/node_modules/${name}`
  if (found in lock || place === '') return found in lock ? found : undefined
  return placeOf(name, place.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, ''))
}

/** Everything that may be in the bundle, by its place. */
const production = ((): [string, Locked][] => {
  const places = new Set(direct.flatMap((name) => placeOf(name, '') ?? []))
  for (const place of places) {
    const { dependencies, optionalDependencies } = lock[place]!
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = placeOf(name, place)
      if (found) places.add(found)
    }
  }
  return [...places].map((place) => [place, lock[place]!])
})()

/** They ask for no more than their notice. openpgp (LGPL) stays a package of its own that can be exchanged: it is not bundled. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']
const exceptions: Readonly<Record<string, string>> = { 'node_modules/openpgp': 'LGPL-3.0+' }

/** Rows of the README's table: names (`@aws-sdk/*` stands for all of a scope), licence and purpose. */
const rows = /## Dependencies\n\n([\s\S]*?)\n\n/
  .exec(read('README.md'))![1]!
  .split('\n')
  .slice(2)
  .map((line) => {
    const [names = '', licence = '', , purpose = '', reason = ''] = line
      .slice(1)
      .split('|')
      .map((cell) => cell.trim())
    return {
      names: names.split(', '),
      licence,
      purpose,
      reason,
    }
  })
const covers = (pattern: string, name: string): boolean =>
  pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name

describe('the table in the README', () => {
  test.each(direct)('%s', (name) => {
    const found = rows.filter(({ names }) => names.some((pattern) => covers(pattern, name)))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      licence: lock[`node_modules/${name}`]?.license,
      purpose: expect.stringMatching(/\w/),
      reason: expect.stringMatching(/\w/),
    })
  })

  test('names nothing that is not needed', () => {
    const names = rows.flatMap((row) => row.names)
    expect(names.filter((pattern) => !direct.some((name) => covers(pattern, name)))).toEqual([])
  })
})

describe('the lock file', () => {
  test('holds licences that are allowed, and no others', () => {
    expect(production.length).toBeGreaterThan(direct.length)
    const other = production.filter(
      ([place, { license = 'none' }]) => !allowed.includes(license) && exceptions[place] !== license,
    )
    expect(other.map(([place, { license }]) => `${place}: ${license}`)).toEqual([])
  })

  test('pins the content of every package', () => {
    expect(production.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([place]) => place)).toEqual(
      [],
    )
  })

  test('knows one install script, which nothing needs', () => {
    const places = production.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([place]) => place)
    expect(places).toEqual(['node_modules/protobufjs'])
  })
})

test('nothing has to be installed with the program and the library', () => {
  expect(Object.keys(manifest).filter((name) => /dependencies/i.test(name))).toEqual(['devDependencies'])
})

test('a checkout is built when it is installed, and the package made of it runs nothing then', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare', 'prepublish']
  expect(hooks.filter((name) => name in scripts)).toEqual([])
  expect(scripts['prepack']).toBe('node scripts/build.mjs --whole')
  // A workspace is no part of the package; npm installs it in a checkout, and runs its script.
  expect(manifest['workspaces']).toEqual(['scripts'])
  expect(json('scripts/package.json')['scripts']).toEqual({ prepare: 'node build.mjs --optional' })
})
