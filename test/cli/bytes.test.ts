// Words, variables, paths and values that are no UTF-8, through the built program: they arrive as the bytes that they are.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { programLine } from '../support/build.ts'
import type { Sandbox } from '../support/cli.ts'
import { encryptedBox, recipient, start } from './exec-support.ts'

const boxes: Sandbox[] = []
afterEach(() => {
  for (const box of boxes.splice(0)) box.remove()
})
const boxOf = async (plain: Parameters<typeof encryptedBox>[0]): Promise<Sandbox> => {
  const box = await encryptedBox(plain)
  boxes.push(box)
  return box
}

/** A shell with `sops` as a function, and the byte E9 in `$E`. */
async function sh(box: Sandbox, script: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const lead = `E=$(printf '\\351'); sops() { ${programLine} "$@"; }\n`
  return await start(box, ['-c', lead + script], { program: '/bin/sh' }).ended
}

/** Octal, as od shows it. */
const od = 'od -An -c | tr -d " \\n"'
const file = (box: Sandbox, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${box.dir}/`), Buffer.from(name, 'latin1')])

// Other systems refuse such names, or do not tell what they are.
describe.skipIf(process.platform !== 'linux')('bytes that are no UTF-8', () => {
  const value = Buffer.from('a=caf\xe9\n', 'latin1')

  test.each([
    ['a variable of ours', `X=caf$E sops exec-env e.env 'printf %s "$X" | ${od}'`],
    ['the command', `sops exec-env e.env "printf %s caf$E |"' ${od}'`],
    ['a value of the file', `sops exec-env v.env 'printf %s "$a" | ${od}'`],
    ['a value of the file, in the place of ours', `a=x sops exec-env v.env 'printf %s "$a" | ${od}'`],
    ['a value for a clean environment', `sops exec-env --pristine v.env 'printf %s "$a" | ${od}'`],
    ['a value for a program that takes our place', `sops exec-env --same-process v.env 'printf %s "$a" | ${od}'`],
    ['a variable beside exec-file', `X=caf$E sops exec-file e.env 'printf %s "$X" | ${od}'`],
    ['a name for exec-file', `sops exec-file --filename caf$E e.env 'printf %s "$(basename {})" | ${od}'`],
    [
      'a name for a regular file',
      `sops exec-file --no-fifo --filename caf$E e.env 'basename {} | ${od} | sed s/.n$//'`,
    ],
    [
      'a file',
      `cp v.env caf$E; sops decrypt --input-type dotenv --output-type dotenv caf$E | sed s/..// | ${od} | sed s/.n$//`,
    ],
    ['a folder', `mkdir caf$E; cp e.env caf$E; cd caf$E; sops exec-env e.env 'printf %s "$(basename "$PWD")" | ${od}'`],
    [
      'a folder that PWD does not name',
      `mkdir caf$E; cp e.env caf$E; cd caf$E; PWD=/ sops exec-env e.env 'printf %s "$(basename "$(pwd -P)")" | ${od}'`,
    ],
    ['a file to write', `sops decrypt --output caf$E e.env; printf %s caf* | ${od}`],
  ])('%s', async (_, script) => {
    const box = await boxOf({ 'e.env': 'K=1\n', 'v.env': value })
    const { stdout, stderr } = await sh(box, script)
    expect([stdout, stderr]).toEqual(['caf351', ''])
  })

  test('a command in the background gets all of a long value', async () => {
    const box = await boxOf({
      'v.env': Buffer.concat([Buffer.from('a='), Buffer.alloc(100_000, 0xe9), Buffer.from('\n')]),
    })
    const { code } = await sh(
      box,
      `sops exec-env --background v.env 'printf %s "$a" | wc -c > n.part; mv n.part n' 2>err; while [ ! -e n ]; do sleep 0.05; done`,
    )
    expect(code).toBe(0)
    expect(readFileSync(box.path('n'), 'utf8').trim()).toBe('100000')
  })

  test('every command that takes a path, and nothing but the named files comes to be', {}, async () => {
    const box = await boxOf({})
    mkdirSync(file(box, 'd\xe9'))
    writeFileSync(file(box, 'd\xe9/f\xe9.yaml'), 'a: one\n')
    writeFileSync(file(box, 'v\xe9'), '"two"')
    writeFileSync(
      file(box, 'c\xe9.yaml'),
      `creation_rules:\n  - path_regex: ^d./f.\\.yaml$\n    age: ${recipient}\n  - pgp: NONE\n`,
    )
    writeFileSync(file(box, 'ed\xe9'), '#!/bin/sh\nsed -i s/two/three/ "$1"\n', { mode: 0o755 })
    const lead = 'set -e; F="d$E/f$E.yaml"; export SOPS_CONFIG="c$E.yaml" TMPDIR="$PWD/tmp$E" EDITOR="$PWD/ed$E"\n'
    for (const line of [
      'mkdir "tmp$E"; sops encrypt -i "$F"; sops rotate -i "$F"; sops updatekeys -y "$F" 2>log',
      `sops set --value-file "$F" '["b"]' "v$E"; sops edit "$F"; sops unset "$F" '["a"]'`,
      `ln -s "$F" "l$E.yaml"; sops set "l$E.yaml" '["c"]' '"four"'; printf '%s\\n' "$SOPS_AGE_KEY" > "k$E"; chmod 600 "k$E"`,
    ])
      expect(await sh(box, lead + line)).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const { stdout } = await sh(
      box,
      `${lead} sops filestatus "$F"; unset SOPS_AGE_KEY; SOPS_AGE_KEY_FILE="k$E" sops decrypt "$F"
       SOPS_AGE_KEY_CMD="cat k$E" sops decrypt "$PWD/$F"`,
    )
    expect(stdout).toBe('{"encrypted":true}\nb: three\nc: four\nb: three\nc: four\n')
    expect(readFileSync(box.path('log'), 'utf8')).toContain('d\\xe9/f\\xe9.yaml already up to date')
    const names = (folder: string): string[] =>
      readdirSync(file(box, folder), 'buffer')
        .map((name) => name.toString('latin1'))
        .sort()
    expect(names('d\xe9')).toEqual(['f\xe9.yaml'])
    expect(names('tmp\xe9')).toEqual([])
    expect(names('.').filter((name) => name.includes('\xef'))).toEqual([])
  })

  test.each([
    ['a file that is not there', 'sops decrypt "no$E.yaml"', 'no\\xe9.yaml'],
    ['a configuration that is not there', 'sops --config "no$E.yaml" encrypt e.env', 'open no\\xe9.yaml: no such file'],
    [
      'a recipient',
      `sops encrypt --age "${recipient}$E" e.env`,
      'invalid value for flag -age: it has bytes that are no UTF-8',
    ],
    [
      'a recipient in a variable',
      `SOPS_AGE_RECIPIENTS="$E" sops encrypt e.env`,
      'SOPS_AGE_RECIPIENTS: it has bytes that are no UTF-8',
    ],
    [
      'a value to set',
      `sops set e.env '["b"]' "\\"hidden$E\\""`,
      'at ["b"], the string holds bytes that are not UTF-8',
    ],
    ['an index to set', `sops set e.env "[\\"hidden$E\\"]" '"x"'`, 'Index of set must be UTF-8'],
    ['a value to set, in the old form', `sops --set "[\\"b\\"] \\"hidden$E\\"" e.env`, 'invalid value for flag -set'],
  ])('%s is named without its bytes', async (_, script, message) => {
    const box = await boxOf({ 'e.env': 'K=1\n' })
    const before = readFileSync(box.path('e.env'))
    const { code, stderr } = await sh(box, script)
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('hidden')
    expect(readFileSync(box.path('e.env'))).toEqual(before)
    expect(existsSync(file(box, 'no\xef\xbf\xbd.yaml'))).toBe(false)
  })
})
