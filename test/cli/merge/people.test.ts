// What people decide of a conflict: in their editor, and at the terminal.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { CliOptions } from '../../support/cli.ts'
import { type Conflict, inConflict, type Ran, type Versions } from './support.ts'

const works: Conflict[] = []
const conflict = async (...args: Parameters<typeof inConflict>): Promise<Conflict> => {
  const work = await inConflict(...args)
  works.push(work)
  return work
}
afterEach(() => {
  for (const work of works.splice(0)) work.remove()
})

const both: Versions = {
  base: 'a: old-value\nb: one\nc: 1\n',
  ours: 'a: my-value\nb: two\nc: 1\n',
  theirs: 'a: your-value\nb: three\nc: 2\n',
}
const takeTheirs = String.raw`return text.replace(/^<{7}.*\n[^]*?^={7}\n([^]*?)^>{7}.*\n/gm, '$1')`

describe('the editor', () => {
  test('gets plaintext with markers in a private file, and what it leaves is sealed', async () => {
    const work = await conflict({ 's.yaml': both })
    const seen = join(work.dir, '..', 'seen')
    const editor = work.editor(
      `fs.writeFileSync(process.env.SEEN, file + '\\n' + (fs.statSync(file).mode & 0o777).toString(8) + '\\n' + text); ${takeTheirs}`,
    )
    const { code, stderr } = await work.sops(['merge', 's.yaml'], {
      env: { SOPS_EDITOR: editor, EDITOR: 'false', SEEN: seen },
    })
    expect(stderr).toBe('s.yaml: merged, with 2 conflicts decided, and staged\n')
    expect(code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: your-value\nb: three\nc: 2\n')
    const [file, mode, ...lines] = readFileSync(seen, 'utf8').split('\n')
    expect(file).toMatch(/\/s\.yaml$/)
    expect(mode).toBe('600')
    expect(lines.join('\n')).toBe(`<<<<<<< ours (main)
a: my-value
||||||| base
a: old-value
=======
a: your-value
>>>>>>> theirs (topic)
<<<<<<< ours (main)
b: two
||||||| base
b: one
=======
b: three
>>>>>>> theirs (topic)
c: 2
`)
  })

  test('gets what the flags have not decided', async () => {
    const work = await conflict({ 's.yaml': both })
    const { code } = await work.sops(['merge', '--take', '["a"]=ours', 's.yaml'], {
      env: { EDITOR: work.editor(takeTheirs) },
    })
    expect(code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: my-value\nb: three\nc: 2\n')
  })

  test.each([
    ['leaves the text as it is', 'return text', /2 conflicts are left; the file stays as it was\n$/],
    ['leaves markers', `return text + 'd: 1\\n'`, /conflict markers left in the text/],
    [
      'leaves one line of a marker',
      String.raw`return text.replace(/^<{7}.*\n[^]*?^={7}\n([^]*?)^>{7}.*\n/gm, '$1').replace('c: 2', '=======\nc: 2')`,
      /conflict markers left in the text/,
    ],
    ['leaves no YAML', `return 'a: [\\n'`, /The text cannot be sealed/],
    ['fails', 'process.exit(3)', /Could not run editor: exit status 3/],
  ])('%s: the file and the stages stay', async (_, body, words) => {
    const work = await conflict({ 's.yaml': both })
    const before = work.read('s.yaml')
    const tmp = join(work.dir, '..')
    const { code, stderr } = await work.sops(['merge', 's.yaml'], { env: { EDITOR: work.editor(body), TMPDIR: tmp } })
    expect(stderr).toMatch(words)
    expect(code).not.toBe(0)
    expect(work.read('s.yaml')).toBe(before)
    expect(work.stages('s.yaml')).toEqual(['1', '2', '3'])
    const [, file] = /your text is kept in (\S+)/.exec(stderr) ?? []
    if (/kept/.test(stderr)) expect(readFileSync(file!, 'utf8')).not.toContain('ENC[')
  })

  test('markers are told from values that look like them', async () => {
    const odd = '    x\n    =======\n    y\n'
    const versions = { base: `t: |\n${odd}a: 1\n`, ours: `t: |\n${odd}a: 2\n`, theirs: `t: |\n${odd}a: 3\n` }
    const work = await conflict({ 's.yaml': versions })
    expect((await work.sops(['merge', 's.yaml'], { env: { EDITOR: work.editor(takeTheirs) } })).code).toBe(0)
    expect(await work.plain('s.yaml')).toBe(`t: |\n${odd}a: 3\n`)
  })

  test('nothing that was in clear stays anywhere', async () => {
    const work = await conflict({ 's.yaml': both })
    const tmp = join(work.dir, '..')
    const before = new Set(readdirSync(tmp))
    const editor = work.editor(takeTheirs)
    before.add(editor.split('/').at(-1)!)
    expect((await work.sops(['merge', 's.yaml'], { env: { EDITOR: editor, TMPDIR: tmp } })).code).toBe(0)
    expect(readdirSync(tmp).filter((name) => !before.has(name))).toEqual([])
    for (const entry of readdirSync(work.dir, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toMatch(/(?:old|my|your)-value/)
  })
})

describe('at the terminal', () => {
  const typed = async (
    work: Conflict,
    keys: string,
    options: CliOptions = {},
  ): Promise<Ran & { readonly asked: string[] }> => {
    const letters = [...keys]
    const asked: string[] = []
    const ran = await work.sops(['merge', ...(options.stdin ? [] : ['s.yaml'])], {
      tty: ['stdin', 'stdout', 'stderr'],
      ...options,
      prompt: (text, how) => {
        asked.push(`${text}${how?.key ? '' : '!'}`)
        return letters.shift()
      },
    })
    return { ...ran, asked }
  }
  const bare = (text: string): string => text.replace(/\x1b\[\d*[A-Za-z]/g, '')

  test.each([
    ['ot', 'a: my-value\nb: three\nc: 2\n'],
    ['bb', 'a: old-value\nb: one\nc: 2\n'],
    ['TO', 'a: your-value\nb: two\nc: 2\n'],
    ['?xot', 'a: my-value\nb: three\nc: 2\n'],
  ])('%s', async (keys, wanted) => {
    const work = await conflict({ 's.yaml': both })
    const { code, stderr } = await typed(work, keys)
    expect(stderr).toContain('1 of 2: ["a"] changed on both sides')
    expect(stderr).toContain('s.yaml: merged, with 2 conflicts decided, and staged\n')
    expect(code).toBe(0)
    expect(stderr).not.toMatch(/my-value|your-value|old-value|two|three/)
    expect(stderr).toContain('ours (main)     ••••••\n')
    expect(await work.plain('s.yaml')).toBe(wanted)
  })

  test('v shows the values, and they go with the answer', async () => {
    const work = await conflict({ 's.yaml': both })
    const { code, stderr } = await typed(work, 'voo')
    expect(code).toBe(0)
    expect(bare(stderr)).toContain('  before          "old-value"\n')
    // Three lines and the question.
    expect(stderr).toContain('\x1b[A\x1b[A\x1b[A\x1b[A\x1b[J')
    expect(stderr).not.toMatch(/two|three/)
  })

  test('maps and lists are shown by their keys', async () => {
    const work = await conflict({
      's.yaml': { base: 'm: 1\n', ours: 'm:\n    k: secret\n    l: [1, 2]\n', theirs: 'm: 2\n' },
    })
    const { stderr } = await typed(work, 'o')
    expect(stderr).toContain('{k: ••••••, l: [••••••, ••••••]}')
    expect(await work.plain('s.yaml')).toContain('k: secret')
  })

  test.each(['so', 'oq', 'q', 'o'])('%s: the file and the stages stay', async (keys) => {
    const work = await conflict({ 's.yaml': both })
    const before = work.read('s.yaml')
    const { code, stderr } = await typed(work, keys)
    expect(stderr).toMatch(/s\.yaml: (?:1 conflict is|2 conflicts are) left; the file stays as it was\n$/)
    expect(code).toBe(1)
    expect(work.read('s.yaml')).toBe(before)
    expect(work.stages('s.yaml')).toEqual(['1', '2', '3'])
  })

  test('q is for all files', async () => {
    const work = await conflict({ 'a.yaml': both, 'b.yaml': both })
    const asked: string[] = []
    const { code, stderr } = await work.sops(['merge', 'a.yaml', 'b.yaml'], {
      tty: ['stdin', 'stderr'],
      prompt: (text) => {
        asked.push(text)
        return 'q'
      },
    })
    expect([code, asked.length]).toEqual([1, 1])
    expect(stderr).not.toContain('b.yaml')
  })

  test('e takes what is left to the editor', async () => {
    const work = await conflict({ 's.yaml': both })
    const { code } = await typed(work, 'oe', { env: { EDITOR: work.editor(takeTheirs) } })
    expect(code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: my-value\nb: three\nc: 2\n')
  })

  test('a setting is decided by a letter', async () => {
    const work = await conflict({ 's.yaml': { base: 'a: 1\n', ours: 'a: 1\n', theirs: 'a: 1\n' } }, 'nothing')
    for (const [branch, suffix] of [
      ['main', '_ours'],
      ['topic', '_theirs'],
    ] as const) {
      work.git('checkout', '-q', branch)
      const editor = work.editor(`return text.replace(/unencrypted_suffix: .*/, 'unencrypted_suffix: ${suffix}')`)
      expect((await work.sops(['edit', '-s', 's.yaml'], { env: { EDITOR: editor } })).code).toBe(0)
      work.commit(branch)
    }
    work.git('checkout', '-q', 'main')
    work.tries(['merge', 'topic'])
    const none = await work.sops(['merge', 's.yaml'], { env: { EDITOR: 'true' } })
    expect(none.code).toBe(1)
    expect(none.stderr).toContain(`--take '["sops"]["unencrypted_suffix"]=theirs'`)
    const { code, stderr } = await typed(work, 'et', { env: { EDITOR: 'false' } })
    expect(stderr).toContain('["sops"]["unencrypted_suffix"] is no part of the text')
    expect(code).toBe(0)
    expect(work.read('s.yaml')).toContain('unencrypted_suffix: _theirs')
  })
})
