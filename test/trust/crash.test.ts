// Every command that writes, failed and killed at every write it makes: the file is whole, as it was or as it should become.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Fault, isDead, plan, plant } from './faults.ts'

vi.mock('node:fs/promises', async (original) => {
  const { faulty } = await import('./faults.ts')
  return faulty(await original())
})
// A process that was killed cleans nothing up.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const { isDead: dead } = await import('./faults.ts')
  return { ...real, rmSync: (...args: Parameters<typeof real.rmSync>) => (dead() ? undefined : real.rmSync(...args)) }
})

const canary = 'canary-4f1c'
const plain = `# remark ${canary}\na: ${canary}-one\nl:\n  - ${canary}-two\n`
const box = sandbox()
const recipients = ['one', 'two'].map(
  (name) => /age1[a-z0-9]+/.exec(readFileSync(join(keysFolder, `${name}.age`), 'utf8'))![0],
)
const env = {
  PATH: process.env.PATH ?? '',
  HOME: box.dir,
  SOPS_AGE_KEY: ['one', 'two'].map((name) => readFileSync(join(keysFolder, `${name}.age`), 'utf8')).join('\n'),
  SOPS_AGE_RECIPIENTS: recipients[0]!,
  SOPS_DISABLE_VERSION_CHECK: '1',
  TMPDIR: join(box.dir, 'tmp'),
  EDITOR: "sed -i 's/-one/-three/'",
}
let sealed: Buffer = Buffer.alloc(0)

beforeAll(async () => {
  mkdirSync(env.TMPDIR)
  plant(-1, 'EIO')
  writeFileSync(join(box.dir, 'plain.yaml'), plain)
  sealed = (await runCli(['encrypt', 'plain.yaml'], { cwd: box.dir, env })).stdout
})
afterAll(() => {
  plant(-1, 'EIO')
  rmSync(box.dir, { recursive: true, force: true })
})

interface Command {
  readonly argv: readonly string[]
  readonly before: 'plain' | 'sealed' | 'absent'
  /** What the file may hold afterwards, besides what it held. */
  readonly after: (text: string) => Promise<boolean>
}

const opensAs =
  (...values: readonly string[]) =>
  async (text: string): Promise<boolean> => {
    writeFileSync(join(box.dir, 'check.yaml'), text)
    const fault = { ...plan }
    plant(-1, 'EIO')
    const { code, stdout } = await runCli(['decrypt', 'check.yaml'], { cwd: box.dir, env })
    Object.assign(plan, fault)
    return code === 0 && values.every((value) => stdout.includes(value))
  }

const commands: Readonly<Record<string, Command>> = {
  'encrypt -i': { argv: ['encrypt', '-i', 'd/file.yaml'], before: 'plain', after: opensAs('-one', '-two', 'remark') },
  'decrypt -i': { argv: ['decrypt', '-i', 'd/file.yaml'], before: 'sealed', after: async (text) => text === plain },
  'encrypt --output': {
    argv: ['encrypt', '--output', 'd/file.yaml', 'plain.yaml'],
    before: 'absent',
    after: opensAs('-one', '-two'),
  },
  'rotate -i': { argv: ['rotate', '-i', 'd/file.yaml'], before: 'sealed', after: opensAs('-one', '-two') },
  set: { argv: ['set', 'd/file.yaml', '["a"]', '"new"'], before: 'sealed', after: opensAs('a: new', '-two') },
  unset: { argv: ['unset', 'd/file.yaml', '["a"]'], before: 'sealed', after: opensAs('-two') },
  edit: { argv: ['edit', 'd/file.yaml'], before: 'sealed', after: opensAs('-three', '-two') },
  'groups add': {
    argv: ['groups', 'add', '-i', '--file', 'd/file.yaml', '--age', recipients[1]!],
    before: 'sealed',
    after: opensAs(),
  },
}

/** Lays out a new folder: the file of mode 0640 behind a symbolic link. */
function layOut(before: Command['before']): string {
  const folder = join(box.dir, 'd')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'real'), { recursive: true })
  if (before !== 'absent') {
    writeFileSync(join(folder, 'real/file.yaml'), before === 'plain' ? plain : sealed)
    chmodSync(join(folder, 'real/file.yaml'), 0o640)
  }
  symlinkSync('real/file.yaml', join(folder, 'file.yaml'))
  return folder
}

async function check(name: string, command: Command, at: number, fault: Fault): Promise<string[]> {
  const folder = layOut(command.before)
  const target = join(folder, 'real/file.yaml')
  const old = command.before === 'absent' ? undefined : readFileSync(target, 'utf8')
  plant(at, fault)
  const { code, stderr } = await runCli(command.argv, { cwd: box.dir, env })
  const dead = isDead()
  plant(-1, 'EIO')
  const problems: string[] = []
  // Where the mode cannot be set, the file stays private: 0600.
  const files = readdirSync(join(folder, 'real'))
  const now = files.includes('file.yaml') ? readFileSync(target, 'utf8') : undefined
  if (now !== old && !(now !== undefined && (await command.after(now)))) problems.push('the file is damaged')
  if (now === old && code === 0 && !name.startsWith('groups') && at >= 0 && !dead)
    problems.push('success without a result')
  if (now !== undefined && old !== undefined && ![0o640, 0o600].includes(statSync(target).mode & 0o777))
    problems.push('the mode is another')
  if (!lstatSync(join(folder, 'file.yaml')).isSymbolicLink()) problems.push('the link was replaced')
  for (const rest of files.filter((file) => file !== 'file.yaml')) {
    const path = join(folder, 'real', rest)
    if (!dead && !stderr.includes(rest)) problems.push(`${rest} was left behind`)
    // A killed `decrypt -i` leaves the plaintext it was asked for, for no more readers than the file itself has.
    if (readFileSync(path, 'utf8').includes(canary) && (name !== 'decrypt -i' || (statSync(path).mode & 0o027) !== 0))
      problems.push(`${rest} holds plaintext`)
  }
  const drafts = readdirSync(env.TMPDIR)
  // The draft of an edit that could not be saved is kept, and its place is told.
  for (const draft of drafts) {
    const path = join(env.TMPDIR, draft)
    if (!dead && !stderr.includes(path)) problems.push(`the draft ${draft} was kept without a word`)
    if ((statSync(path).mode & 0o077) !== 0) problems.push('the draft can be read by others')
  }
  if (name === 'edit' && !dead && now === old && code === 3 && drafts.length === 0) problems.push('the draft is lost')
  for (const draft of drafts) rmSync(join(env.TMPDIR, draft), { recursive: true })
  return problems.map(
    (problem) => `${name}, ${fault} at write ${at}: ${problem} (exit ${code}) ${stderr.slice(0, 200)}`,
  )
}

describe.each(Object.entries(commands))('%s', (name, command) => {
  test('succeeds without faults, through several writes', async () => {
    const folder = layOut(command.before)
    plant(-1, 'EIO')
    const { code, stderr } = await runCli(command.argv, { cwd: box.dir, env })
    expect({ code, stderr: stderr.replace(/^.*level=(warning|info).*\n/gm, '') }).toMatchObject({ code: 0 })
    expect(await command.after(readFileSync(join(folder, 'real/file.yaml'), 'utf8'))).toBe(true)
    if (command.before !== 'absent') expect(statSync(join(folder, 'real/file.yaml')).mode & 0o777).toBe(0o640)
  })

  test.each<Fault>(['EIO', 'ENOSPC', 'EACCES', 'EROFS', 'kill'])('%s at every write', async (fault) => {
    layOut(command.before)
    plant(1000, 'EIO')
    await runCli(command.argv, { cwd: box.dir, env })
    const steps = plan.log.length
    expect(steps).toBeGreaterThan(3)
    const problems: string[] = []
    for (let at = 0; at < steps; at++) problems.push(...(await check(name, command, at, fault)))
    expect(problems).toEqual([])
  })
})
