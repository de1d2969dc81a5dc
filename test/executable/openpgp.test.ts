// OpenPGP keys in the executable without gpg: openpgp is a file beside it, which nobody else may have put there.
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as openpgp from 'openpgp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { runProcess } from '../support/process.ts'
import { type Alone, alone, executable, saySkipped, shown } from './alone.ts'

saySkipped('openpgp beside the executable')

const plain = 'a: 1\n'
const isRoot = process.getuid?.() === 0

describe.skipIf(executable === undefined)('openpgp', () => {
  let sops: Alone
  let library: string
  let secret: { SOPS_PGP_KEY: string }
  let fingerprint: string
  let sealed: string
  beforeAll(async () => {
    const key = await openpgp.generateKey({ userIDs: [{ name: 'a' }], format: 'object' })
    secret = { SOPS_PGP_KEY: key.privateKey.armor() }
    fingerprint = key.publicKey.getFingerprint().toUpperCase()
    sops = alone({ 'plain.yaml': plain })
    library = join(sops.folder, 'openpgp.cjs')
    lay()
    const { stdout } = await sops.run(['encrypt', '--pgp', fingerprint, 'plain.yaml'], secret)
    sealed = stdout.toString()
  })
  afterAll(() => sops.remove())

  const lay = (): void => {
    rmSync(library, { force: true, recursive: true })
    chmodSync(sops.folder, 0o755)
    copyFileSync(join(root, 'node_modules/openpgp/dist/node/openpgp.min.cjs'), library)
    chmodSync(library, 0o644)
  }
  beforeEach(lay)

  const decrypt = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
  const opened = (): ReturnType<Alone['run']> => sops.run(decrypt, secret, sealed)

  test('beside the executable, it encrypts and opens', async () => {
    expect(sealed).toMatch(/^a: ENC\[/)
    expect(shown(await opened())).toEqual([0, plain, ''])
  })

  test('beside the file that a link leads to', async () => {
    symlinkSync(sops.program, sops.box.path('link'))
    // Not beside the link.
    writeFileSync(sops.box.path('openpgp.cjs'), 'process.exit(9)')
    const ran = await runProcess(sops.box.path('link'), decrypt, {
      cwd: sops.box.dir,
      env: { ...sops.env, ...secret },
      stdin: sealed,
    })
    expect(shown(ran)).toEqual([0, plain, ''])
  })

  test('asks for the passphrase of a locked key and says so where there is no terminal', async () => {
    const key = await openpgp.readPrivateKey({ armoredKey: secret.SOPS_PGP_KEY })
    const locked = await openpgp.encryptKey({ privateKey: key, passphrase: 'fake' })
    const { exit, stderr } = await sops.run(decrypt, { SOPS_PGP_KEY: locked.armor() }, sealed)
    expect(exit).toBe(128)
    expect(stderr.toString()).toContain('there is no terminal')
  })

  test.each<[string, () => void, RegExp]>([
    [
      'missing',
      () => rmSync(library),
      /need .*\/bin\/openpgp\.cjs: put dist\/node\/openpgp\.min\.cjs of the npm package/,
    ],
    ['writable by the group', () => chmodSync(library, 0o664), /others can change .*\/bin\/openpgp\.cjs: .*chmod go-w/],
    ['writable by all', () => chmodSync(library, 0o646), /others can change .*\/bin\/openpgp\.cjs: /],
    ['in a folder that the group can change', () => chmodSync(sops.folder, 0o775), /others can change .*\/bin: /],
    ['in a folder that all can change', () => chmodSync(sops.folder, 0o1777), /others can change .*\/bin: /],
    ...(isRoot
      ? ([
          ['another user’s', () => chownSync(library, 1234, 1234), /others can change .*\/bin\/openpgp\.cjs: .*chown/],
          [
            'a link to another user’s',
            () => {
              writeFileSync(sops.box.path('other.cjs'), 'process.exit(9)')
              chownSync(sops.box.path('other.cjs'), 1234, 1234)
              rmSync(library)
              symlinkSync(sops.box.path('other.cjs'), library)
            },
            /others can change .*\/bin\/openpgp\.cjs: /,
          ],
        ] satisfies [string, () => void, RegExp][])
      : []),
    [
      'one that asks for other packages',
      () => writeFileSync(library, 'module.exports = require("../box/other.cjs")'),
      /asks for the module \.\.\/box\/other\.cjs/,
    ],
    ['no program', () => writeFileSync(library, 'this is none'), /openpgp\.cjs cannot be loaded: /],
    [
      'a folder',
      () => {
        rmSync(library)
        mkdirSync(library)
      },
      /directory/i,
    ],
  ])('%s: not loaded, and the command says why', async (_, prepare, cause) => {
    prepare()
    const { exit, stdout, stderr } = await opened()
    expect([exit, stdout.toString()]).toEqual([128, ''])
    expect(stderr.toString().replace(/\n +\| /g, ' ')).toMatch(cause)
  })

  test('neither the working folder nor node_modules are looked in', async () => {
    rmSync(library)
    for (const place of [sops.box.dir, sops.box.path('home')]) {
      mkdirSync(join(place, 'node_modules/openpgp'), { recursive: true })
      writeFileSync(join(place, 'openpgp.cjs'), 'process.exit(9)')
      writeFileSync(join(place, 'node_modules/openpgp/index.js'), 'process.exit(9)')
    }
    expect((await opened()).exit).toBe(128)
  })
})
