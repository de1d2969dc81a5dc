// Programs that read our files with SOPS's Go library or by themselves: what they look for in the bytes, before and beside opening them.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { makeProject, type Person, type Project } from '../../support/project.ts'
import { samples } from './caller.ts'

let project: Project
let dev: Person
beforeEach(() => {
  project = makeProject()
  dev = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${dev.recipient}\n`)
})
afterEach(() => project.remove())

async function encrypted(name: string, text: string, ...flags: string[]): Promise<string> {
  project.write(name, text)
  expect(await dev.sops(['encrypt', ...flags, '-i', name])).toEqual({ code: 0, stdout: '', stderr: '' })
  return project.read(name)
}

test.each([
  ['yaml', 'mac: ENC['],
  ['json', '"mac": "ENC['],
  ['env', 'sops_mac=ENC['],
  ['ini', '[sops]'],
  ['key', '"mac": "ENC['],
])('Flux knows an encrypted .%s by %s', async (suffix, mark) => {
  const text = samples.find((sample) => sample[1] === suffix)![2]
  expect(text).not.toContain(mark)
  expect(await encrypted(`secret.${suffix}`, text)).toContain(mark)
})

const manifest = `apiVersion: v1
kind: Secret
metadata:
    name: shop
    annotations: {owner: ops} # team
stringData:
    # comment
    password: "two words"
    "on": 'yes'
data:
    raw: YWJj
`

test('Flux turns an object into JSON with its keys in order of name, and opens that without its MAC', async () => {
  const sealed = parse(await encrypted('secret.yaml', manifest, '--encrypted-regex', '^(data|stringData)$'))
  expect(sealed).toMatchObject({ kind: 'Secret', sops: { mac: expect.stringMatching(/^ENC\[/) } })
  const sorted = (value: unknown): unknown =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort()
            .map(([key, entry]) => [key, sorted(entry)]),
        )
  const json = ['--input-type', 'json', '--output-type', 'json']
  const { code, stdout } = await dev.sops(['decrypt', '--ignore-mac', ...json], {
    stdin: JSON.stringify(sorted(sealed)),
  })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual(parse(manifest))
})

// sops-nix looks a key up in the encrypted file while it builds, where it has no key; VS Code looks for the version.
test.each(samples.slice(0, 2))(
  '%s: the encrypted tree has the keys of the plain one, and text for values',
  async (type, suffix, text) => {
    const sealed = parse(await encrypted(`s.${suffix}`, text))
    const { sops, ...rest } = sealed
    expect(sops).toMatchObject({ version: expect.stringMatching(/^3\.\d+\.\d+$/), lastmodified: expect.any(String) })
    const token = /^ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:[^,]*,type:(str|int|float|bool|bytes|comment)\]$/
    const compare = (open: unknown, shut: unknown): void => {
      if (open === null || typeof open !== 'object') {
        expect(shut).toEqual(open === null ? null : expect.stringMatching(token))
        return
      }
      expect(Object.keys(shut as object)).toEqual(Object.keys(open))
      for (const key of Object.keys(open))
        compare((open as Record<string, unknown>)[key], (shut as Record<string, unknown>)[key])
    }
    compare(type === 'json' ? JSON.parse(text) : parse(text), rest)
  },
)

test('IntelliJ knows flat metadata by three fields', async () => {
  const env = await encrypted('s.env', samples[2][2])
  for (const field of ['sops_lastmodified=', 'sops_mac=ENC[AES256_GCM,', 'sops_version='])
    expect(env).toMatch(new RegExp(`^${field.replace('[', '\\[')}`, 'm'))
  const ini = await encrypted('s.ini', samples[3][2])
  expect(ini).toMatch(/^\[sops\]$/m)
  for (const field of [/^lastmodified\s*=/m, /^mac\s*= "?ENC\[AES256_GCM,/m, /^version\s*= "?\d/m])
    expect(ini).toMatch(field)
})

test('KSOPS and Terraform write the files of several secrets again from what they parse', async () => {
  const sealed = parse(await encrypted('s.yaml', manifest))
  // Another layout of the same tree, without comments.
  project.write('again.yaml', stringify(sealed))
  const { code, stdout } = await dev.sops(['decrypt', 'again.yaml'])
  expect(code).toBe(0)
  expect(parse(stdout)).toEqual(parse(manifest))
})
