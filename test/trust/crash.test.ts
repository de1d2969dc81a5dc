// Every command that writes, failed at every write it makes, and stopped there as if killed: each file is whole, as it was or as it should be.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { isLong, timeout } from '../fuzz/budget.ts'
import { memoryFolder, runCli, sandbox } from '../support/cli.ts'
import { type Fault, isDead, plan, plant } from './faults.ts'
import { cwdOf, envOf, inspect, layOut, leftInTmp, pathOf, prepareBox, texts, type Writer, writers } from './writers.ts'

vi.mock('node:fs/promises', async (original) => {
  const { faulty } = await import('./faults.ts')
  return faulty(await original())
})
vi.mock('node:fs', async (original) => {
  const { faultySync } = await import('./faults.ts')
  return faultySync(await original())
})

const box = sandbox({}, memoryFolder)
/** `npm test` tries the kill and one of the others at each write, `npm run fuzz` all of them. */
const faults: readonly Fault[] = ['EIO', 'ENOSPC', 'EACCES', 'EROFS', 'kill']

beforeAll(async () => {
  plant(-1, 'EIO')
  await prepareBox(box)
})
afterAll(() => {
  plant(-1, 'EIO')
  rmSync(box.dir, { recursive: true, force: true })
})

async function run(
  name: string,
  writer: Writer,
  at: number,
  fault: Fault,
  more: { readonly auditConfig?: string } = {},
): Promise<{ code: number | undefined; stderr: string; steps: number }> {
  layOut(box, writer)
  plant(at, fault)
  const env = { ...envOf(box), ...writer.env }
  const { code, stderr } = await runCli(writer.argv, { cwd: cwdOf(box, name), env, ...more })
  const [dead, steps] = [isDead(), plan.log.length]
  plant(-1, 'EIO')
  return { code: dead ? undefined : code, stderr, steps }
}

async function check(name: string, writer: Writer, at: number, fault: Fault): Promise<string[]> {
  const ending = await run(name, writer, at, fault)
  const { code, stderr } = ending
  const problems = await inspect(box, writer, ending)
  const drafts = leftInTmp(box)
  // The draft of an edit that could not be saved is kept, and its place is told.
  for (const draft of drafts) {
    if (code !== undefined && !stderr.includes(draft)) problems.push(`${draft} was kept without a word`)
    if ((statSync(draft).mode & 0o077) !== 0) problems.push(`${draft} can be read by others`)
    for (const file of readdirSync(draft))
      if ((statSync(join(draft, file)).mode & 0o077) !== 0) problems.push(`${file} can be read by others`)
  }
  if (name.startsWith('edit') && code === 3 && drafts.length === 0) problems.push('the draft is lost')
  for (const draft of drafts) rmSync(draft, { recursive: true })
  return problems.map(
    (problem) => `${name}, ${fault} at write ${at}: ${problem} (exit ${code}) ${stderr.slice(0, 200)}`,
  )
}

describe.each(Object.entries(writers))('%s', (name, writer) => {
  test('succeeds without faults', async () => {
    const { code, stderr } = await run(name, writer, -1, 'EIO')
    expect({ code, stderr: stderr.replace(/^(warning: |.* level=info ).*\n/gm, '') }).toMatchObject({ code: 0 })
    expect(await inspect(box, writer, { code, stderr })).toEqual([])
    expect(leftInTmp(box)).toEqual([])
  })

  const [file] = Object.keys(writer.files)
  const isChecked = file !== undefined && (writer.files[file]!.before !== 'absent' || !writer.argv.includes('--output'))
  if (isChecked)
    test('does not overwrite what another program wrote in the meantime', async () => {
      layOut(box, writer)
      const path = pathOf(box, writer, file!)
      plant(-1, 'EIO', () => writeFileSync(path, 'by somebody else\n'))
      const env = { ...envOf(box), ...writer.env }
      const { code, stderr } = await runCli(writer.argv, { cwd: cwdOf(box, name), env })
      plant(-1, 'EIO')
      expect(code).not.toBe(0)
      expect(stderr).toContain('was changed by another program in the meantime')
      expect(readFileSync(path, 'utf8')).toBe('by somebody else\n')
      const drafts = leftInTmp(box)
      expect(drafts).toHaveLength(name.startsWith('edit') ? 1 : 0)
      for (const draft of drafts) {
        const kept = /kept in (\S+)/.exec(stderr)![1]!
        expect(dirname(kept)).toBe(draft)
        expect(readFileSync(kept, 'utf8')).toMatch(/-three|-new/)
        expect(statSync(kept).mode & 0o777).toBe(0o600)
        rmSync(draft, { recursive: true })
      }
    })

  test(
    'failures and a kill at every write',
    async () => {
      const { steps } = await run(name, writer, 1000, 'EIO')
      expect(steps).toBeGreaterThanOrEqual(name === 'exec-file' ? 0 : name.startsWith('exec-file') ? 1 : 4)
      const problems: string[] = []
      for (let at = 0; at < steps; at++) {
        for (const [i, fault] of faults.entries())
          if (isLong || fault === 'kill' || (at + name.length) % (faults.length - 1) === i)
            problems.push(...(await check(name, writer, at, fault)))
      }
      expect(problems).toEqual([])
    },
    timeout,
  )
})

/** Writes of one record: opening the file, the line, and its way to the disk. */
const recordWrites = 3

test.each([
  ['encrypt -i', 1],
  ['set', 2],
  ['rotate -i', 3],
] as const)('%s is not done when a record of it cannot be written', async (name, records) => {
  const record = box.path('records.jsonl')
  writeFileSync(box.path('audit.yaml'), `backends:\n  file:\n    - path: ${record}\n`)
  rmSync(record, { force: true })
  const more = { auditConfig: box.path('audit.yaml') }
  const writer = writers[name]!
  expect((await run(name, writer, -1, 'EIO', more)).code).toBe(0)
  expect(readFileSync(record, 'utf8').trim().split('\n')).toHaveLength(records)
  for (let at = 0; at < records * recordWrites; at++) {
    const { code, stderr } = await run(name, writer, at, 'ENOSPC', more)
    expect({ at, code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('audit record') })
    expect(readFileSync(pathOf(box, writer, 'file.yaml'), 'utf8')).toBe(
      name === 'encrypt -i' ? texts.plain : texts.sealed,
    )
  }
})
