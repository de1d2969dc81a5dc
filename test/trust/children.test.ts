// Programs that are started could keep, log or lay open what their environment holds: they get no keys but those they are there to use.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import '../../src/keys/key-types.ts'
import { environmentFor, withheld, withheldHint } from '../../src/system/environment.ts'
import { secretVariables } from '../../src/system/secrets.ts'
import { programLine, root } from '../support/build.ts'
import { sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProgram } from '../support/process.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
const box = sandbox({ 'plain.env': 'A=1\n', 'plain.yaml': 'a: 1\n', 'keys.txt': identity })
const seen = box.path('seen')

/** A program that writes its environment down, then does what the line says. */
function spy(name: string, line: string): string {
  const path = box.path(`bin/${name}`)
  writeFileSync(path, `#!/bin/sh\n/usr/bin/env > ${seen}\n${line}\n`)
  chmodSync(path, 0o755)
  return path
}

const secretNames = secretVariables()
const keys = Object.fromEntries(secretNames.map((name) => [name, `canary-of-${name}`]))
/** The keys of the environment, with an identity that opens the files. */
const env: Readonly<Record<string, string>> = {
  ...keys,
  SOPS_AGE_KEY: identity,
  PATH: `${box.path('bin')}:${process.env.PATH}`,
  HOME: box.dir,
  SOPS_DISABLE_VERSION_CHECK: '1',
}
const { SOPS_AGE_KEY: _, ...withoutIdentity } = env

const sops = (argv: readonly string[], environment = env): Promise<Outcome> => {
  rmSync(seen, { force: true })
  return runProgram(argv, { cwd: box.dir, env: environment })
}

/** Names of the keys that the program got. */
const got = (): string[] => {
  const text = readFileSync(seen, 'utf8')
  return secretNames.filter((name) => text.includes(`\n${name}=`) || text.startsWith(`${name}=`)).sort()
}
const all = [...secretNames].sort()

beforeAll(async () => {
  mkdirSync(box.path('bin'))
  mkdirSync(box.path('.aws'))
  for (const name of ['plain.env', 'plain.yaml']) {
    const { exit, stdout } = await sops(['encrypt', '--age', recipient, name])
    expect(exit).toBe(0)
    writeFileSync(box.path(name.replace('plain', 'sealed')), stdout)
  }
})
afterAll(() => box.remove())

describe('get no keys', () => {
  test('the editor', async () => {
    await sops(['edit', 'sealed.yaml'], { ...env, EDITOR: spy('editor', 'exit 0') })
    expect(got()).toEqual([])
  })

  test('the command that prints an identity', async () => {
    const command = spy('print-key', `cat ${box.path('keys.txt')}`)
    const { exit } = await sops(['decrypt', 'sealed.yaml'], { ...withoutIdentity, SOPS_AGE_KEY_CMD: command })
    expect(exit).toBe(0)
    expect(got()).toEqual([])
  })

  test('gpg', async () => {
    const program = spy('fake-gpg', 'exit 2')
    const fingerprint = '0'.repeat(40)
    await sops(['encrypt', '--pgp', fingerprint, 'plain.yaml'], { ...withoutIdentity, SOPS_GPG_EXEC: program })
    expect(got()).toEqual([])
  })

  test('a plugin', async () => {
    const plugin = spy('age-plugin-canary', 'exit 1')
    const data = Buffer.from('what only the plugin may know')
    await sops(['decrypt', 'sealed.yaml'], {
      ...env,
      SOPS_AGE_KEY: encodeBech32('age-plugin-canary-', data).toUpperCase(),
    })
    expect(got()).toEqual([])
    await sops(['encrypt', '--age', encodeBech32('age1canary', data), 'plain.yaml'])
    expect(got()).toEqual([])
    rmSync(plugin)
  })

  test('git', async () => {
    spy('git', 'exit 1')
    await sops(['git', 'install'])
    rmSync(box.path('bin/git'))
    expect(got()).toEqual([])
  })

  test('mkfifo', async () => {
    spy('mkfifo', 'exit 1')
    await sops(['exec-file', 'sealed.env', 'true'])
    rmSync(box.path('bin/mkfifo'))
    expect(got()).toEqual([])
  })

  test('a program that an SDK starts gets those of the SDKs alone', async () => {
    const program = spy('credentials', 'exit 1')
    writeFileSync(box.path('.aws/config'), `[profile p]\ncredential_process = ${program}\nregion = eu-west-1\n`)
    const { AWS_SECRET_ACCESS_KEY: _secret, ...rest } = env
    const arn = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
    await sops(['encrypt', '--kms', arn, '--aws-profile', 'p', 'plain.yaml'], {
      ...rest,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    })
    expect(got().filter((name) => !/^(AWS|AZURE|IDENTITY)_/.test(name))).toEqual([])
  })
})

describe('get all of them, since scripts call sops again', () => {
  test.each([
    ['exec-env', 'sealed.env'],
    ['exec-env', '--same-process', 'sealed.env'],
    ['exec-file', 'sealed.env'],
    ['exec-file', '--no-fifo', 'sealed.env'],
  ])('%s %s', async (...argv) => {
    expect((await sops([...argv, spy('script', 'exit 0')])).exit).toBe(0)
    expect(got()).toEqual(all)
  })

  test('a nested sops opens what the outer one could', async () => {
    const inner = `${programLine} decrypt sealed.yaml`
    const { stdout } = await sops(['exec-env', 'sealed.env', inner])
    expect(stdout.toString()).toBe('a: 1\n')
  })
})

describe('SOPS_PASS_ENV', () => {
  test('names what programs get all the same', async () => {
    const command = spy('print-key', `cat ${box.path('keys.txt')}`)
    await sops(['decrypt', 'sealed.yaml'], {
      ...withoutIdentity,
      SOPS_AGE_KEY_CMD: command,
      SOPS_PASS_ENV: 'VAULT_TOKEN, AWS_SESSION_TOKEN',
    })
    expect(got()).toEqual(['AWS_SESSION_TOKEN', 'VAULT_TOKEN'])
  })

  test('a command that fails for want of a key is told how to get it, without its value', async () => {
    const command = spy('print-key', 'test -n "$VAULT_TOKEN"')
    const { exit, stderr } = await sops(['decrypt', 'sealed.yaml'], {
      PATH: env['PATH']!,
      HOME: box.dir,
      VAULT_TOKEN: 'canary-token',
      SOPS_AGE_KEY_CMD: command,
    })
    expect(exit).toBe(128)
    expect(stderr.toString().replace(/\s*\|\s*/g, ' ')).toContain('SOPS_PASS_ENV=VAULT_TOKEN')
    expect(stderr.toString()).not.toContain('canary-token')
  })
})

describe('the environment of a program', () => {
  test('is the same object where nothing is withheld', () => {
    const given = { PATH: '/bin', VAULT_TOKEN: '' }
    expect(environmentFor(given)).toBe(given)
  })

  test.each<readonly [string, Readonly<Record<string, string>>, readonly string[]]>([
    ['names in any case, as Windows has them', { vault_token: 'x', A: '1' }, ['vault_token']],
    ['what is passed, in any case', { VAULT_TOKEN: 'x', SOPS_PASS_ENV: ' vault_token ,' }, []],
    ['names that only look alike', { VAULT_TOKEN_FILE: 'x', MY_VAULT_TOKEN: 'x' }, []],
    ['a key called like a part of every object', { constructor: 'x', SOPS_AGE_KEY: 'x' }, ['SOPS_AGE_KEY']],
  ])('%s', (_what, given, names) => {
    expect(withheld(given)).toEqual(names)
    expect(Object.keys(environmentFor(given))).toEqual(Object.keys(given).filter((name) => !names.includes(name)))
  })

  test('a hint names no keys of this program, which nobody else needs', () => {
    expect(withheldHint({ SOPS_AGE_KEY: 'x' })).toBe('')
  })
})

test('one place starts programs, and one asks it to hand on all keys', () => {
  const src = join(root, 'src')
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')] as const)
  const files = (pattern: RegExp): string[] =>
    sources
      .filter(([, text]) => pattern.test(text))
      .map(([name]) => name)
      .sort()
  expect(files(/^import \{[^}]*\bspawn\b[^}]*\} from 'node:child_process'|import\('node:child_process'\)/m)).toEqual([
    'system/start.ts',
  ])
  expect(files(/startKeeping\('all'\)/)).toEqual(['cli/exec/child.ts'])
  expect(files(/startKeeping/)).toEqual(['cli/exec/child.ts', 'system/index.ts', 'system/start.ts'])
})
