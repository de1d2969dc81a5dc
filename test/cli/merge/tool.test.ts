// The built program, called by Git: as the driver whose conflicts `sops merge` resolves, as a mergetool, and at a real terminal.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { program, programLine } from '../../support/build.ts'
import { type Conflict, inConflict, toolEnv, type Versions } from './support.ts'

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
  base: 'a: old-value\nb: 1\nc: 1\n',
  ours: 'a: my-value\nb: 2\nc: 1\n',
  theirs: 'a: your-value\nb: 1\nc: 2\n',
}
const apart: Versions = { base: both.base!, ours: both.ours!, theirs: 'a: old-value\nb: 1\nc: 2\n' }

const settings = (work: Conflict): void => {
  work.git('config', 'merge.sops.driver', `${programLine} git merge-driver %O %A %B %L %P %S %X %Y`)
  work.git(
    'config',
    'mergetool.sops.cmd',
    `${programLine} merge --base "$BASE" --local "$LOCAL" --remote "$REMOTE" --output "$MERGED"`,
  )
  work.git('config', 'mergetool.sops.trustExitCode', 'true')
  work.git('config', 'mergetool.keepBackup', 'false')
  writeFileSync(join(work.dir, '.git/info/attributes'), '*.yaml merge=sops\n')
}

describe('what the driver leaves', () => {
  test('a conflict: its markers hold ciphertext, and sops merge resolves it', async () => {
    const work = await conflict({ 's.yaml': both }, 'nothing')
    settings(work)
    const ran = work.tries(['merge', 'topic'], toolEnv)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('s.yaml: 1 conflict: ["a"] changed on both sides; run: sops merge s.yaml')
    expect(work.read('s.yaml')).toMatch(/^<{7} ours \(main\)\na: ENC.*\n={7}\na: ENC.*\n>{7} theirs \(topic\)$/m)
    expect((await work.sops(['check', 's.yaml'])).stdout).toMatch(/conflict-markers.*\n?.*sops merge s\.yaml/s)
    expect((await work.sops(['decrypt', 's.yaml'])).stderr).toContain(
      'hint: merge both sides, value by value: sops merge s.yaml',
    )
    expect(await work.sops(['merge', '--theirs', 's.yaml'])).toMatchObject({
      code: 0,
      stderr: 's.yaml: merged, with 1 conflict decided, and staged\n',
    })
    expect(await work.plain('s.yaml')).toBe('a: your-value\nb: 2\nc: 2\n')
  })

  test('what was merged without a key is sealed with one, after git add as well', async () => {
    for (const adds of [false, true]) {
      const work = await conflict({ 's.yaml': apart }, 'nothing')
      settings(work)
      const ran = work.tries(['merge', 'topic'], { ...toolEnv, SOPS_AGE_KEY: '' })
      expect(ran.code).toBe(1)
      expect(ran.stderr).toContain('merged without a key')
      if (adds) {
        work.git('add', 's.yaml')
        // Outside of the repository there are only the markers.
        const copy = join(work.dir, '..', 's.yaml')
        writeFileSync(copy, work.read('s.yaml'))
        expect((await work.sops(['merge', copy])).code).toBe(0)
        expect((await work.sops(['decrypt', copy])).stdout).toBe('a: my-value\nb: 2\nc: 2\n')
      }
      expect(await work.sops(['merge', 's.yaml'])).toMatchObject({ code: 0, stderr: 's.yaml: merged, and staged\n' })
      expect(await work.plain('s.yaml')).toBe('a: my-value\nb: 2\nc: 2\n')
    }
  })
})

describe('git mergetool', () => {
  test('takes what goes together, and leaves what does not', async () => {
    const work = await conflict({ 's.yaml': apart, 'z.yaml': both })
    settings(work)
    const before = work.read('z.yaml')
    const ran = work.tries(['mergetool', '--no-prompt', '--tool=sops'], toolEnv)
    expect(ran.stderr + ran.stdout).toContain('s.yaml: merged\n')
    expect(ran.stderr).toContain('z.yaml: 1 conflict: ["a"] changed on both sides')
    expect(ran.code).not.toBe(0)
    expect(work.stages('s.yaml')).toEqual([])
    expect(work.stages('z.yaml')).toEqual(['1', '2', '3'])
    expect(work.read('z.yaml')).toBe(before)
    expect(await work.plain('s.yaml')).toBe('a: my-value\nb: 2\nc: 2\n')
  })

  test.each(['/dev/null', 'empty', 'nowhere', ''])('without a base: %j', async (base) => {
    const work = await conflict({}, 'nothing')
    await work.put('l.yaml', 'a: 1\n')
    await work.put('r.yaml', 'a: 1\n')
    writeFileSync(work.path('r.yaml'), work.read('l.yaml'))
    await work.put('r.yaml', 'a: 1\nb: 2\n')
    writeFileSync(work.path('empty'), '')
    const argv = ['merge', '--base', base, '--local', 'l.yaml', '--remote', 'r.yaml', '--output', 'm.yaml']
    expect(await work.sops(argv)).toMatchObject({ code: 0, stderr: 'm.yaml: merged\n' })
    expect(await work.plain('m.yaml')).toBe('a: 1\nb: 2\n')
    expect(work.git('status', '--porcelain', 'm.yaml')).toBe('?? m.yaml\n')
  })

  test.each([
    [['--local', 'x', '--output', 'y']],
    [['--base', 'x', 's.yaml']],
    [['--local', 'x', '--remote', 'y', '--output', 'z', 's.yaml']],
  ])('%j is half of it', async (flags) => {
    const work = await conflict({}, 'nothing')
    const { code, stderr } = await work.sops(['merge', ...flags])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^error: (?:s\.yaml: )?--local, --remote and --output belong together, without other files\n/,
    )
  })
})

test.runIf(spawnSync('python3', ['-c', 'import pty']).status === 0)(
  'a real terminal: letters without Enter, and values that go again',
  async () => {
    const work = await conflict({ 's.yaml': both })
    const script = join(work.dir, '..', 'terminal.py')
    writeFileSync(
      script,
      `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
keys, seen, at = [b'v', b't'], b'', 0
try:
    while True:
        seen += os.read(fd, 4096)
        while keys and b'q(uit): ' in seen[at:]:
            at = seen.index(b'q(uit): ', at) + 1
            os.write(fd, keys.pop(0))
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`,
    )
    const { status, stdout } = spawnSync('python3', [script, ...program, 'merge', 's.yaml'], {
      cwd: work.dir,
      env: toolEnv,
      timeout: 60_000,
    })
    const seen = stdout.toString()
    expect(seen).toContain('1 of 1: ["a"] changed on both sides\r\n  ours (main)     ••••••\r\n')
    expect(seen).toContain('q(uit): v\r\n  ours (main)     "my-value"\r\n')
    expect(seen).toContain('q(uit): t\r\n\x1b[A\x1b[A\x1b[A\x1b[A\x1b[J')
    expect(seen).toContain('s.yaml: merged, with 1 conflict decided, and staged\r\n')
    expect(status).toBe(0)
    expect(readFileSync(work.path('s.yaml'), 'utf8')).toContain('sops:')
    expect(await work.plain('s.yaml')).toBe('a: your-value\nb: 2\nc: 2\n')
  },
)
