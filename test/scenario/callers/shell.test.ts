// Lines of shell in the files of projects: git, direnv, docker, mise, hooks, jobs, Makefiles, templates.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, hasShell, identity, makeCaller, samples } from './caller.ts'

describe.skipIf(!hasShell)('lines of shell', () => {
  let project: Caller
  beforeEach(async () => {
    project = await makeCaller()
    for (const [, suffix, text] of samples) project.write(`s.${suffix}`, text)
  })
  afterEach(() => project.remove())

  test.each([samples[0], samples[2], samples[4]])('git diff, %s: textconv and filters', async (_, suffix, text) => {
    const file = `s.${suffix}`
    await project.shell(`sops -e -i ${file}; git init -q . && git add ${file}`)
    await project.shell(`echo '* diff=sops' > .gitattributes; git config diff.sops.textconv 'sops decrypt'`)
    const change = suffix === 'key' ? 'other\n' : text.replace('two', 'three').replace('"b"', '"z"')
    const EDITOR = `cp ${project.script('wanted', change)}`
    await project.shell(`sops ${file}`, { env: { EDITOR } })
    const { stdout, stderr } = await project.shell(`git -c core.pager=cat diff -- ${file}`)
    expect(stderr).toBe('')
    expect(stdout).not.toContain('ENC[')
    expect(stdout).toMatch(/^\+.*(three|"z"|other)/m)
    for (const line of [
      `sops -d ${file}`,
      `sops -d --config /dev/null ${file}`,
      `sops decrypt --filename-override ${file} < ${file}`,
      `sops --decrypt --filename-override ${file} /dev/stdin < ${file}`,
    ]) {
      expect(await project.shell(line)).toEqual({ code: 0, stdout: change, stderr: '' })
    }
  })

  test('direnv: one level of values as .env text', async () => {
    project.write('flat.yaml', 'user: shop\npassword: two words\nport: 5432\n')
    await project.shell('sops -e -i flat.yaml; sops -e -i s.env')
    for (const [file, stdout] of [
      ['flat.yaml', 'user=shop\npassword=two words\nport=5432\n'],
      ['s.env', samples[2][2]],
    ] as const) {
      expect(await project.shell(`sops -d --output-type dotenv ${file}`)).toEqual({ code: 0, stdout, stderr: '' })
    }
  })

  test('docker and docker compose: a file or a pipe of values, variables, the exit code of the command', async () => {
    await project.shell('sops -e -i s.env; sops -e -i s.yaml')
    for (const line of [
      `sops exec-file s.env 'cat {}'`,
      `sops exec-file --no-fifo s.env 'cat {}'`,
      `sops exec-file --no-fifo --filename .env s.env 'cat {}'`,
    ]) {
      expect(await project.shell(line)).toEqual({ code: 0, stdout: samples[2][2], stderr: '' })
    }
    expect(await project.shell(`sops exec-env s.env 'echo "$USER/$PASSWORD"'`)).toMatchObject({
      stdout: 'shop/two words\n',
    })
    expect(
      await project.shell(`sops exec-file --no-fifo --filename x.json --output-type json s.yaml 'cat {}; basename {}'`),
    ).toMatchObject({ code: 0, stdout: expect.stringMatching(/^{[\s\S]*}\nx\.json\n$/) })
    expect((await project.shell(`sops exec-env s.env 'exit 3'`)).code).toBe(3)
    expect((await project.shell(`sops exec-file s.env 'exit 4'`)).code).toBe(4)
  })

  test.each(samples.slice(0, 2))('mise without rops, %s: both types, stdin, no name', async (type, suffix, text) => {
    await project.shell(`sops -e -i s.${suffix}`)
    const stdin = project.read(`s.${suffix}`)
    const env = { HOME: '/nonexistent', SOPS_AGE_KEY: identity }
    expect(await project.sops(['decrypt', '--input-type', type, '--output-type', type], { stdin, env })).toEqual({
      code: 0,
      stdout: text,
      stderr: '',
    })
  })

  test('hooks before a commit', async () => {
    await project.shell('cp s.yaml open.yaml; sops -e -i s.yaml; sops -e -i s.json; sops -e -i s.key')
    for (const [file, encrypted] of [
      ['s.yaml', true],
      ['s.json', true],
      ['s.key', true],
      ['open.yaml', false],
    ] as const) {
      expect(await project.shell(`sops filestatus ${file}`)).toEqual({
        code: 0,
        stdout: `{"encrypted":${encrypted}}\n`,
        stderr: '',
      })
      expect((await project.shell(`grep -q 'ENC.AES256' ${file}`)).code).toBe(encrypted ? 0 : 1)
    }
  })

  test('jobs of GitHub and GitLab: a key in a variable, clean standard output', async () => {
    await project.shell('sops -e -i s.yaml; sops -e -i s.env')
    const env = { HOME: '/nonexistent', SOPS_AGE_KEY: identity }
    const run = (line: string): ReturnType<Caller['shell']> => project.shell(line, { env })
    expect(await run('sops -d s.env > .env && cat .env')).toEqual({ code: 0, stdout: samples[2][2], stderr: '' })
    expect(await run(`value="$(sops -d --extract '["nested"]["list"][1]' s.yaml 2>&1)"; echo "$value"`)).toEqual({
      code: 0,
      stdout: 'two\n',
      stderr: '',
    })
    expect(
      await run('set -a; eval "$(sops decrypt s.env | sed -n s/PASSWORD=.*/PASSWORD=x/p)"; echo $PASSWORD'),
    ).toMatchObject({ stdout: 'x\n' })
    expect(await run('sops exec-env s.env env | grep ^PASSWORD')).toMatchObject({ stdout: 'PASSWORD=two words\n' })
  })

  test('Makefiles and tasks: flags in any of their spellings, keys that change, many files', async () => {
    const { recipient } = project
    await project.shell('rm .sops.yaml')
    for (const line of [
      `sops --encrypt --age=${recipient} --output=o.yaml s.yaml`,
      `SOPS_AGE_RECIPIENTS=${recipient} sops --encrypt --input-type dotenv --output-type dotenv --encrypted-regex='PASSWORD|TOKEN' --in-place s.env`,
      `sops --age ${recipient} --encrypt --encrypted-regex '^(data|c)$' --in-place s.json`,
      'sops rotate -i o.yaml',
      'sops -r -i s.env',
      `find . -name 's.json' -exec sops rotate -i {} \\;`,
      `sops --set '["nested"]["new"] "value"' o.yaml`,
      `sops set o.yaml '["nested"]["new"]' '"other"'`,
      `sops unset o.yaml '["nested"]["new"]'`,
    ]) {
      expect([line, await project.shell(line)]).toEqual([line, { code: 0, stdout: '', stderr: '' }])
    }
    for (const [file, text] of [
      ['o.yaml', samples[0][2]],
      ['s.json', samples[1][2]],
      ['s.env', samples[2][2]],
    ] as const) {
      // A recipient on decrypting says nothing.
      expect(await project.shell(`sops --decrypt --age ${recipient} ${file}`)).toMatchObject({ code: 0, stdout: text })
    }
    expect(project.read('s.env')).toContain('USER=shop\n')
    project.write('.sops.yaml', `creation_rules:\n  - age: ${recipient}\n`)
    expect(await project.shell('sops updatekeys -y o.yaml && sops updatekeys --yes s.env')).toMatchObject({
      code: 0,
      stdout: '',
    })
  })
})
