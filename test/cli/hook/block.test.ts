// Our block in the text of a hook: what becomes of texts of every kind.
import { describe, expect, test } from 'vitest'
import { blockOf, hookNames, runsCheck, withHook } from '../../../src/cli/hook/block.ts'

const block = blockOf('pre-commit')
const ours = `#!/bin/sh\n${block}`

test.each(hookNames)(
  'the block of %s has its marks, no carriage return and nothing that only some shells know',
  (name) => {
    const text = blockOf(name)
    expect(text).toMatch(/^# >>> sops check >>>\n[^\r]+\n# <<< sops check <<<\n$/)
    expect(text).not.toMatch(/\[\[|\bfunction\b|\blocal\b|<<<\s*["$]|&>|\$\{?\w/)
  },
)

test.each(hookNames)(
  'the block of %s opens no editor where the program in PATH is SOPS, which knows no check',
  (name) => {
    const calls = blockOf(name).match(/^ +.*sops check .*$/gm)!
    expect(calls.filter((line) => !/^ +SOPS_EDITOR=false sops check .*<\/dev\/null \|\| exit 1$/.test(line))).toEqual(
      [],
    )
    expect(calls).toHaveLength(name === 'pre-commit' ? 1 : 2)
  },
)

describe('a hook that gets the block directly below its first line', () => {
  test.each([
    ['sh', '#!/bin/sh\necho x\n'],
    ['sh with flags', '#!/bin/sh -eu\necho x\n'],
    ['a blank behind the mark', '#! /bin/sh\necho x\n'],
    ['bash', '#!/usr/local/bin/bash\necho x\n'],
    ['bash by env', '#!/usr/bin/env bash\necho x\n'],
    ['bash by env -S', '#!/usr/bin/env -S bash -e\necho x\n'],
    ['bash by env with a variable', '#!/usr/bin/env -S A=1 bash\necho x\n'],
    ['dash', '#!/bin/dash\n'],
    ['ash of busybox', '#!/bin/busybox ash\n\n'],
    ['zsh', '#!/bin/zsh\necho x\n'],
    ['ksh', '#!/usr/bin/ksh\necho x\n'],
    ['no last line end', '#!/bin/sh\necho x'],
    ['carriage returns', '#!/bin/sh\r\necho x\r\n'],
    ['bytes that are not UTF-8', '#!/bin/sh\necho \xff\xfe\n'],
    ['a program of its own that it becomes', '#!/bin/sh\nexec node scripts/check.js "$@"\n'],
  ])('%s', (_, text) => {
    const [first] = /^[^\n]*\n/.exec(text)!
    expect(withHook(text, 'pre-commit')).toEqual({ text: `${first}${block}${text.slice(first.length)}` })
  })

  test('a first line without an end', () => {
    expect(withHook('#!/bin/sh', 'pre-commit')).toEqual({ text: ours })
  })
})

test.each([
  ['no hook', undefined],
  ['an empty file', ''],
])('%s becomes a hook of ours', (_, text) => {
  expect(withHook(text, 'pre-commit')).toEqual({ text: ours })
})

describe('a hook that has the block', () => {
  test.each([
    ['alone', ours],
    ['above other lines', `${ours}echo x\n`],
    ['below other lines', `#!/bin/sh\necho x\n${block}echo y`],
  ])('%s stays as it is', (_, text) => {
    expect(withHook(text, 'pre-commit')).toEqual({ text })
  })

  const old = '# >>> sops check >>>\nold $& $1\n# <<< sops check <<<\n'
  test.each<[string, string, string]>([
    ['of another version', `#!/bin/sh\necho a\n${old}echo b\n`, `#!/bin/sh\necho a\n${block}echo b\n`],
    ['of the other hook', `#!/bin/sh\n${blockOf('pre-push')}b\n`, `${ours}b\n`],
    ['with carriage returns', ours.replaceAll('\n', '\r\n'), `#!/bin/sh\r\n${block}`],
    ['without a last line end', ours.trimEnd(), ours],
    ['empty', '#!/bin/sh\n# >>> sops check >>>\n# <<< sops check <<<\nb\n', `${ours}b\n`],
  ])('%s gets the new one in its place', (_, text, after) => {
    expect(withHook(text, 'pre-commit')).toEqual({ text: after })
    expect(withHook(after, 'pre-commit')).toEqual({ text: after })
  })
})

describe('a hook that stays as it is', () => {
  test.each([
    ['python', '#!/usr/bin/env python3\nprint(1)\n', /no shell script/],
    ['python by name', '#!/usr/bin/python\n', /no shell script/],
    ['node', '#!/usr/bin/env node\n', /no shell script/],
    ['fish, whose language is another', '#!/usr/bin/fish\n', /no shell script/],
    ['csh', '#!/bin/csh\n', /no shell script/],
    ['a program whose name ends like one', '#!/opt/xsh\n', /no shell script/],
    ['a program that is given a shell', '#!/usr/bin/env -i bash\n', /no shell script/],
    ['a binary', '\x7fELF\x02\x01\x00', /no shell script/],
    ['a shell with a binary in it', '#!/bin/sh\ntail -n +3 x | tar x\n\x00\x01', /no shell script/],
    ['no first line of that kind', 'echo x\n', /no shell script/],
    ['a blank line first', '\n#!/bin/sh\n', /no shell script/],
    ['a byte order mark', '\xef\xbb\xbf#!/bin/sh\n', /no shell script/],
    ['a shell that hands itself to another program', `#!/bin/sh\n'''exec' python3 "$0" "$@"\n'''\n`, /hands itself/],
    ['the same with braces', `#!/bin/sh\n":" //; exec node -- \${0} "$@"\n`, /hands itself/],
    ['the first mark alone', '#!/bin/sh\n# >>> sops check >>>\nx\n', /has the line "# >>> sops check >>>" without/],
    ['the marks in the wrong order', '#!/bin/sh\n# <<< sops check <<<\n# >>> sops check >>>\n', /has the line/],
  ])('%s', (_, text, reason) => {
    expect(withHook(text, 'pre-commit')).toEqual({ unfit: expect.stringMatching(reason) })
  })
})

describe('whether a text runs the check already', () => {
  test.each<[string, boolean, boolean]>([
    [block, true, false],
    [blockOf('pre-push'), false, true],
    ['sops check --staged\n', true, false],
    ['npx sops check --staged', true, false],
    ['# sops check --staged\n  # sops check\n', false, false],
    ['sops check </dev/null\n', false, true],
    ['sops check --changed=@{push}', false, true],
    ['    hooks:\n      - id: sops-check\n', true, false],
    ['    hooks:\n      - id: sops-check-system\n', true, false],
    ['    hooks:\n      - id: sops-check-push\n', false, true],
    ['sops checks\nmysops check --staged\nsops decrypt x\n', false, false],
    ['', false, false],
  ])('%j', (text, commit, push) => {
    expect([runsCheck(text, 'pre-commit'), runsCheck(text, 'pre-push')]).toEqual([commit, push])
  })
})
