// Texts that SOPS and other readers of YAML see differently: said when they are encrypted, and quoted where that is asked for.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person
beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

const encrypt = (text: string): Promise<{ code: number; stderr: string }> => {
  project.write('f.yaml', text)
  return alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
}

const text11 = 'text for SOPS, '

describe('encrypt says', () => {
  test.each([
    ['k: &a:b\n', '["k"] (line 1): for SOPS the anchor ends before the colon, and the text begins with it'],
    ['z: 1\nl:\n  - &a:b c\n', '["l"][0] (line 3): for SOPS the anchor ends'],
    ['enabled: no\n', '["enabled"] (line 1): text for SOPS, false for YAML 1.1: write false or quote it'],
    ['a: Yes\n', 'text for SOPS, true for YAML 1.1: write true or quote it'],
    ['a: y\n', 'true for YAML 1.1'],
    ['a: OFF\n', 'false for YAML 1.1'],
    ['on: [push]\n', 'key ["on"] (line 1): text for SOPS, true for YAML 1.1: quote it'],
    ['m:\n  - n: 1\n', 'key ["m"][0]["n"] (line 2): text for SOPS, false for YAML 1.1: quote it'],
    ['a: 22:22\n', `${text11}a number for YAML 1.1: quote it`],
    ['a: 08:30\n', `${text11}a number for YAML 1.1: quote it`],
    ['a: 12:34:56:07:08:09\n', `${text11}a number for YAML 1.1: quote it`],
    ['1:30: x\n', `key ["1:30"] (line 1): ${text11}a number for YAML 1.1: quote it`],
    ['a: 2024-01-01\n', 'a time for SOPS and YAML 1.1, text for YAML 1.2: quote it if text is meant'],
    ['a: 2024-01-02T03:04:05\n', `${text11}a time for YAML 1.1: quote it`],
    ['a: 2024-13-45\n', `${text11}a time for YAML 1.1: quote it`],
    ['a: 1e3\n', 'a number for SOPS and YAML 1.2, text for YAML 1.1: write it with a point and a sign'],
    ['a: 1.5e3\n', 'a number for SOPS and YAML 1.2, text for YAML 1.1: write it with a point and a sign'],
    ['a: -.5\n', 'a number for SOPS and YAML 1.2, text for PyYAML: write a zero before the point, or quote it'],
    ['a: 012\n', 'octal for SOPS and YAML 1.1, decimal for YAML 1.2'],
    ['a: 089\n', 'a number for SOPS and YAML 1.2, text for YAML 1.1: write it without the zero'],
    ['a: 0o7\n', 'a number for SOPS and YAML 1.2, text for YAML 1.1: write it in decimal'],
    ['a: 1_000\n', 'a number for SOPS and YAML 1.1, text for YAML 1.2'],
    ['a: 0b101\n', 'a number for SOPS and YAML 1.1, text for YAML 1.2'],
    ['a: -0x1F\n', 'a number for SOPS and YAML 1.1, text for YAML 1.2'],
    ['a: 0X1F\n', 'a number for SOPS, text for others'],
    ['a: =\n', `${text11}refused by readers of YAML 1.1: quote it`],
    ['a: <<\n', `${text11}the mark of a merge for YAML 1.1: quote it`],
    ['a_unencrypted: no\n', 'false for YAML 1.1'],
    ['a: [x, no]\n', '["a"][1] (line 1)'],
    ['a: !Ref x\n', '["a"] (line 1): a tag of its own, which mise, rops and PyYAML refuse in any file'],
    ['m: !vault\n  a: x\n', '["m"]'],
  ])('%j: %s', async (text, said) => {
    const { code, stderr } = await encrypt(text)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^note: f\.yaml: /m) })
    expect(stderr).toContain(said)
  })

  test('one line for each kind, with the first places', async () => {
    const { stderr } = await encrypt('a: no\nb: yes\nc: off\nd:\n- n\n---\ne: No\n')
    const lines = stderr.split('\n').filter((line) => line.includes('YAML 1.1'))
    expect(lines).toEqual([
      expect.stringContaining(
        'note: f.yaml: ["a"] (line 1), ["c"] (line 3), ["d"][0] (line 5) and 1 more: text for SOPS, false',
      ),
      expect.stringContaining('note: f.yaml: ["b"] (line 2): text for SOPS, true'),
    ])
  })

  test.each([
    'a: true\nb: False\nc: null\nd: ~\n',
    'a: 1\nb: -7\nc: +5\nd: 0\ne: 00\nf: 007\ng: 1.50\nh: .5\ni: 5.\nj: 1.0e+3\nk: 0x1F\n',
    'a: .inf\nb: -.Inf\nc: .NaN\n',
    'a: "no"\nb: \'1:30\'\nc: !!str yes\nd: |\n  no\n',
    'a: nope\nb: yesterday\nc: ok\nd: 8080:80\ne: 00:11:22:33:44:55\nf: 1.2.3\ng: 10.0.0.1\nh: 2024-01\ni: x=y\n',
    'a: &x {b: c}\n<<: *x\n',
    '"on": 1\n\'y\': 2\n',
  ])('nothing of %j', async (text) => {
    expect((await encrypt(text)).stderr).not.toMatch(/YAML 1|others/)
  })

  test('nothing where the output has no such texts', async () => {
    project.write('f.yaml', 'a: no\n')
    const argv = ['encrypt', '--age', alice.recipient, '--output-type', 'json', 'f.yaml']
    expect((await alice.sops(argv)).stderr).toBe('')
  })
})

test('edit names what is new', async () => {
  await encrypt('a: no\nb: 1\n')
  const env = { EDITOR: project.editorWriting('a: no\nb: off\n') }
  const { code, stderr } = await alice.sops(['edit', 'f.yaml'], { env })
  expect(code).toBe(0)
  expect(stderr).toContain('note: f.yaml: ["b"] (line 2): text for SOPS, false')
  expect(stderr).not.toContain('["a"]')
})

describe('--quote-ambiguous', () => {
  const text = `on: no # c
s_unencrypted: yes
l: [no, "no", 'on', x]
d: 1:30
t: 2024-01-01
n: 1e3
u_unencrypted: 1e3
q: 'off'
k: {y: x}
f: 1.50
i: "x"
w: =
`
  const quoted = `"on": "no" # c
s_unencrypted: "yes"
l: ["no", "no", "on", x]
d: "1:30"
t: 2024-01-01T00:00:00Z
"n": 1000
u_unencrypted: 1000
q: 'off'
k: {"y": x}
f: 1.50
i: "x"
w: =
`
  const decrypt = async (...flags: string[]): Promise<string> =>
    (await alice.sops(['decrypt', ...flags, 'f.yaml'])).stdout

  test('prints what readers dispute as SOPS does', async () => {
    await encrypt(text)
    expect(await decrypt()).toBe(text.replace("'on'", '"on"'))
    expect(await decrypt('--quote-ambiguous')).toBe(quoted)
    expect((await alice.sops(['-d', '--quote-ambiguous', 'f.yaml'])).stdout).toBe(quoted)
  })

  test('has a field in .sops.yaml, which leaves the editor alone', async () => {
    await encrypt('a: no\n')
    const before = project.read('f.yaml')
    project.write('.sops.yaml', 'stores:\n  yaml:\n    quote_ambiguous: true\n')
    expect(await decrypt()).toBe('a: "no"\n')
    expect(await alice.sops(['exec-file', '--no-fifo', 'f.yaml', `cp {} ${project.dir}/out`])).toMatchObject({
      code: 0,
    })
    expect(project.read('out')).toBe('a: "no"\n')
    const env = { EDITOR: project.editorWriting('a: no\nb: 1\n') }
    expect((await alice.sops(['edit', 'f.yaml'], { env })).code).toBe(0)
    expect(project.read('f.yaml').split('\n')[0]).toBe(before.split('\n')[0])
  })
})

test('set writes nothing that readers dispute', async () => {
  await encrypt('a: "x"\nb: \'x\'\nc: no\nd: {"e": "x", f: yes}\ng: 2024-01-01\nh: |\n  x\n')
  for (const [path, value] of [
    ['["a"]', '"yes"'],
    ['["b"]', '"no"'],
    ['["c"]', '"off"'],
    ['["d"]["e"]', '"on"'],
    ['["d"]["f"]', '"w"'],
    ['["g"]', 'true'],
    ['["h"]', '"1:30"'],
  ])
    expect(await alice.sops(['set', 'f.yaml', path!, value!])).toMatchObject({ code: 0 })
  expect((await alice.sops(['decrypt', 'f.yaml'])).stdout).toBe(
    'a: "yes"\nb: \'no\'\nc: "off"\nd: {"e": "on", f: "w"}\ng: true\nh: |-\n  1:30\n',
  )
  expect(await alice.sops(['set', 'f.yaml', '["a"]', '"z"'])).toMatchObject({ code: 0 })
  expect(await alice.sops(['set', 'f.yaml', '["g"]', '0.00001'])).toMatchObject({ code: 0 })
  expect((await alice.sops(['decrypt', 'f.yaml'])).stdout).toMatch(/^a: .?z.?$[\s\S]*^g: 0.00001$/m)
})
