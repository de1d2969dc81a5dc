// Files that older releases wrote, changed by today's commands: what a command changes, and nothing else.
import { afterAll, describe, expect, test } from 'vitest'
import { type OldFile, oldFiles, writeOld } from '../support/old-files.ts'
import { makeProject } from '../support/project.ts'

const project = makeProject({ '.sops.yaml': '' })
afterAll(() => project.remove())
const alice = project.person('one')
const bob = project.person('two')

const renewed = /^\s*"?(?:sops_)?(?:mac|lastmodified)"?\s*[:=]/

/** Lines of `now` that `before` does not have, and the other way round, in order. */
function changedLines(before: string, now: string): { gone: string[]; fresh: string[] } {
  const [a, b] = [before.split('\n'), now.split('\n')]
  const rows = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      rows[i]![j] = a[i] === b[j] ? rows[i + 1]![j + 1]! + 1 : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!)
  const gone: string[] = []
  const fresh: string[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++
      j++
    } else if (j >= b.length || (i < a.length && rows[i + 1]![j]! >= rows[i]![j + 1]!)) gone.push(a[i++]!)
    else fresh.push(b[j++]!)
  }
  const data = (lines: string[]): string[] => lines.filter((line) => !renewed.test(line))
  return { gone: data(gone), fresh: data(fresh) }
}

const pathOf = (name: string, key: string): string =>
  name === 'f.env'
    ? `["${key.toUpperCase()}"]`
    : name === 'f.ini'
      ? `["s"]["${key}"]`
      : name === 'f.txt'
        ? '["data"]'
        : `["${key}"]`

const lineOf = (name: string, key: string): RegExp =>
  new RegExp(`^\\s*"?${name === 'f.txt' ? 'data' : key}"?\\s*[:=]`, 'i')

async function changed(
  old: OldFile,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<ReturnType<typeof changedLines> & { opened: string; now: string; before: string }> {
  const before = await writeOld(project, alice, old)
  const { code, stderr } = await alice.sops(argv, { env })
  expect(code, stderr).toBe(0)
  const now = project.read(old.name)
  const { stdout } = await alice.sops(['decrypt', old.name])
  return { ...changedLines(before, now), opened: stdout, now, before }
}

describe.each(oldFiles)('$by: $name', (old) => {
  const { name } = old
  const isValue = lineOf(name, 'b')

  test('opens', async () => {
    await writeOld(project, alice, old)
    const { code, stderr } = await alice.sops(['decrypt', name])
    expect(code, stderr).toBe(0)
  })

  test('set', async () => {
    const { gone, fresh, opened } = await changed(old, ['set', name, pathOf(name, 'b'), '"new"'])
    expect({ gone, fresh }).toEqual({ gone: [expect.stringMatching(isValue)], fresh: [expect.stringMatching(isValue)] })
    expect(opened).toContain('new')
  })

  test.runIf(name !== 'f.txt')('unset', async () => {
    const { gone, fresh } = await changed(old, ['unset', name, pathOf(name, 'b')])
    expect({ gone, fresh }).toEqual({ gone: [expect.stringMatching(isValue)], fresh: [] })
  })

  test('edit', async () => {
    const { gone, fresh, opened } = await changed(old, ['edit', name], { EDITOR: 'sed -i s/two/three/' })
    expect({ gone, fresh }).toEqual({ gone: [expect.stringMatching(isValue)], fresh: [expect.stringMatching(isValue)] })
    expect(opened).toContain('three')
  })

  test('rotate', async () => {
    const { before, now, opened } = await changed(old, ['rotate', '-i', name])
    const plainOf = (text: string): string =>
      text
        .replaceAll(/ENC\[[^\]]*\]/g, 'ENC')
        .replaceAll(/-----BEGIN AGE[\s\S]*?-----END/g, '')
        // A date that is another is written in quotes; within the same second it stays as it was.
        .replaceAll(/"?\d{4}-\d\d-\d\dT[\d:]+Z"?/g, '')
    // A block of lines that is in part encrypted is one comment, which is sealed as a whole for another data key.
    const meant = plainOf(before).replace('; clear from the start\n; ENC', '; ENC\n;')
    expect(plainOf(now)).toBe(meant)
    const types = (text: string): string[] => text.match(/type:\w+/g) ?? []
    expect(types(now)).toEqual(types(before))
    const tokens = (text: string): Set<string> => new Set(text.match(/ENC\[[^\]]*\]/g))
    expect([...tokens(now)].filter((token) => tokens(before).has(token))).toEqual([])
    expect(opened).toContain('two')
  })

  test('updatekeys', async () => {
    project.write('.sops.yaml', `creation_rules: [{ age: '${alice.recipient},${bob.recipient}' }]\n`)
    const { gone, fresh } = await changed(old, ['updatekeys', '-y', name])
    expect(gone.filter((line) => !/^\s*\}?,?$/.test(line))).toEqual([])
    const added = /recipient|enc|-----|^\s*[\w+/=]{20,}$|^\s*[\][{},\s]*$/
    expect(fresh.filter((line) => !added.test(line))).toEqual([])
    const { stdout } = await bob.sops(['decrypt', name])
    expect(stdout).toContain('two')
  })
})
