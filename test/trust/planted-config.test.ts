// A .sops.yaml that somebody else put, or could put, where the search looks: it would name who can read the secrets.
import { chmodSync, chownSync, lchownSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findConfig } from '../../src/config/index.ts'
import { folderWith } from '../config/support.ts'
import { runCli } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const user = process.getuid?.()
const isRoot = user === 0
/** Whoever owns the files; root's are everybody's, so root gives its own away. */
const owner = isRoot ? 12_345 : (user ?? 0)
const [stranger, root] = [owner + 1, 0]
const recipient = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'

/** A new folder of the owner's with these files, all the owner's. */
function ownedFolder(files: Readonly<Record<string, string>>): string {
  const folder = folderWith(files)
  if (isRoot)
    for (const path of ['.', ...(readdirSync(folder, { recursive: true }) as string[])])
      lchownSync(join(folder, path), owner, owner)
  return folder
}

interface Case {
  readonly name: string
  readonly cwd: string
  readonly uid: number | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly place?: (folder: string) => void
  /** Needs to give files to several users. */
  readonly asRoot?: true
  readonly used: boolean
}

const cases: readonly Case[] = [
  { name: 'above, the caller’s own', cwd: 'a/b', uid: owner, used: true },
  { name: 'above, of another user', cwd: 'a/b', uid: stranger, used: false },
  { name: 'above, of another user, for root', cwd: 'a/b', uid: root, used: false },
  { name: 'above, of whoever called sudo', cwd: 'a/b', uid: root, env: { SUDO_UID: `${owner}` }, used: true },
  { name: 'SUDO_UID counts for root alone', cwd: 'a/b', uid: stranger, env: { SUDO_UID: `${owner}` }, used: false },
  { name: 'SUDO_UID that is no number', cwd: 'a/b', uid: root, env: { SUDO_UID: `${owner} x` }, used: false },
  { name: 'in the working directory, which the caller chose', cwd: '.', uid: stranger, used: true },
  {
    name: 'in the working directory, where everybody may write',
    cwd: '.',
    uid: stranger,
    place: (folder) => chmodSync(folder, 0o1777),
    used: false,
  },
  {
    name: 'the caller’s own where everybody may write',
    cwd: '.',
    uid: owner,
    place: (folder) => chmodSync(folder, 0o1777),
    used: true,
  },
  { name: 'where users have no numbers', cwd: 'a/b', uid: undefined, used: true },
  {
    name: 'the caller’s file in another user’s folder',
    cwd: 'a/b',
    uid: stranger,
    place: (folder) => chownSync(join(folder, '.sops.yaml'), stranger, stranger),
    asRoot: true,
    used: false,
  },
  {
    name: 'another user’s link to the caller’s file',
    cwd: 'a/b',
    uid: stranger,
    place: (folder) => {
      chownSync(folder, stranger, stranger)
      chownSync(join(folder, 'real.yaml'), stranger, stranger)
      symlinkSync('real.yaml', join(folder, 'a/.sops.yaml'))
      lchownSync(join(folder, 'a/.sops.yaml'), owner, owner)
      chownSync(join(folder, 'a'), stranger, stranger)
    },
    asRoot: true,
    used: false,
  },
  {
    name: 'root’s file in root’s folder',
    cwd: 'a/b',
    uid: stranger,
    place: (folder) => {
      for (const path of ['.', '.sops.yaml']) chownSync(join(folder, path), root, root)
    },
    asRoot: true,
    used: true,
  },
]

describe.skipIf(user === undefined)('whose file is used', () => {
  it.each(cases.filter(({ asRoot }) => isRoot || !asRoot))('$name', async ({ cwd, uid, env, place, used }) => {
    const folder = ownedFolder({ '.sops.yaml': '', 'real.yaml': '', 'a/b/x': '' })
    place?.(folder)
    const ctx = fakeContext({ cwd: join(folder, cwd), env: env ?? {}, ...(uid === undefined ? {} : { uid }) })
    const [first, again] = [await findConfig(ctx), await findConfig(ctx)]
    expect([first !== undefined, again !== undefined]).toEqual([used, used])
    expect(ctx.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      used
        ? []
        : [
            expect.stringMatching(
              /^warning: ignoring ".*\.sops\.yaml", which another user \(\d+\) can change; name it/,
            ),
          ],
    )
    expect((await findConfig(ctx, join(folder, '.sops.yaml')))?.absolutePath).toBe(join(folder, '.sops.yaml'))
  })

  it('one that is not used ends the search: rules further up are not meant for this place', async () => {
    const folder = ownedFolder({ '.sops.yaml': '', 'a/.sops.yaml': '', 'a/b/x': '' })
    if (isRoot) for (const path of ['.', '.sops.yaml']) chownSync(join(folder, path), stranger, stranger)
    expect(await findConfig(fakeContext({ cwd: join(folder, 'a/b'), uid: stranger }))).toBeUndefined()
  })
})

it.runIf(isRoot)('commands go on as without a configuration, and say why', async () => {
  const rules = `creation_rules: [{age: ${recipient}}]\n`
  const folder = ownedFolder({ '.sops.yaml': rules, 'sub/plain.yaml': 'a: 1\n' })
  const cwd = join(folder, 'sub')
  const refused = await runCli(['encrypt', 'plain.yaml'], { cwd })
  expect([refused.code, refused.stdout.toString()]).toEqual([1, ''])
  expect(refused.stderr).toMatch(
    /^warning: plain\.yaml: ignoring [^\n]*12345[^\n]*--config[^\n]*\n[\s\S]*config file not found/,
  )
  for (const [argv, env] of [
    [['encrypt', '--age', recipient, 'plain.yaml'], {}],
    [['--config', '../.sops.yaml', 'encrypt', 'plain.yaml'], {}],
    [['encrypt', 'plain.yaml'], { SOPS_CONFIG: '../.sops.yaml' }],
    [['encrypt', 'plain.yaml'], { SUDO_UID: '12345' }],
  ] as const) {
    const { code, stdout } = await runCli(argv, { cwd, env })
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining(recipient)])
  }
  expect((await runCli(['updatekeys', 'plain.yaml'], { cwd })).stderr).toContain('config file not found')
})
