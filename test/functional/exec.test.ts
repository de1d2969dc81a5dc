// The cases of spec/functional-cases.md that run a program, by their numbers. The program's output goes to a file, where it can be read.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSuite, read, type Suite } from './suite.ts'

const text = 'foo: bar\nbar: |-\n  baz\n  bam\n'

let suite: Suite
let out: string
beforeAll(() => {
  suite = makeSuite()
  out = suite.path('out')
})
afterAll(() => suite.remove())

describe.skipIf(process.platform === 'win32')('exec', () => {
  test('38: exec-env', async () => {
    const path = await suite.encrypted('38.yaml', text)
    for (const [name, expected] of [
      ['foo', 'bar\n'],
      ['bar', 'baz\nbam\n'],
    ] as const) {
      const script = suite.file(`${name}.sh`, `#!/bin/bash\necho -E "\${${name}}"\n`)
      expect(await suite.sops(['exec-env', path, `/bin/bash ${script} > ${out}`])).toMatchObject({ code: 0 })
      expect(read(out)).toBe(expected)
    }
  })

  test('39: exec-file through a pipe', async () => {
    const path = suite.file('39.yaml', text)
    expect(await suite.sops(['-e', '-i', path])).toMatchObject({ code: 0 })
    expect(await suite.sops(['exec-file', '--output-type', 'json', path, `cat {} > ${out}`])).toMatchObject({ code: 0 })
    expect(read(out)).toBe('{\n\t"foo": "bar",\n\t"bar": "baz\\nbam"\n}\n')
  })

  test('40: exec-file under a name', async () => {
    const path = suite.file('40.yaml', text)
    expect(await suite.sops(['-e', '-i', path])).toMatchObject({ code: 0 })
    const argv = ['exec-file', '--no-fifo', '--filename', 'foobar', path, `echo {} > ${out}`]
    expect(await suite.sops(argv)).toMatchObject({ code: 0 })
    expect(read(out)).toMatch(/foobar\n$/)
  })
})
