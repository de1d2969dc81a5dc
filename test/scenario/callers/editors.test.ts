// Editors: they give an EDITOR of their own that puts the new text into the file, or encrypt and decrypt in place.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, hasShell, identity, makeCaller, samples } from './caller.ts'

/** A change that every sample allows. */
const change = (text: string): string => text.replace('two', 'three').replace('"b"', '"z"').replace('any', 'other')

describe.skipIf(!hasShell)('editors', () => {
  let editor: Caller
  beforeEach(async () => {
    editor = await makeCaller()
  })
  afterEach(() => editor.remove())

  test.each(samples)('vscode-sops, %s: no configuration, names without a suffix', async (type, suffix, text) => {
    const types = ['--output-type', type, '--input-type', type]
    editor.write(`new/secrets.${suffix}`, text)
    editor.write('new/.sops.yaml', editor.read('.sops.yaml'))
    editor.write('age.txt', identity)
    // The second --config counts; --aws-profile does nothing without a key in AWS.
    const made = await editor.sops(
      ['--aws-profile', 'p', '--config', '/dev/null', '--config', 'new/.sops.yaml', ...types].concat(
        '--encrypt',
        `new/secrets.${suffix}`,
      ),
    )
    expect(made).toMatchObject({ code: 0, stderr: '' })
    editor.write('4f9a', made.stdout)
    const env = { HOME: '/nonexistent', SOPS_AGE_KEY_FILE: `${editor.dir}/age.txt` }
    const general = ['--config', '/dev/null', ...types]
    expect(await editor.sops([...general, '--decrypt', '4f9a'], { env })).toMatchObject({ code: 0, stdout: text })

    const EDITOR = editor.script('d1c2', '#!/bin/sh\ncat $VSCODE_SOPS_DECRYPTED_FILE_PATH > $1\n')
    editor.write('7b3e', change(text))
    const saving = { ...env, EDITOR, VSCODE_SOPS_DECRYPTED_FILE_PATH: `${editor.dir}/7b3e` }
    expect(await editor.sops([...general, '4f9a'], { env: saving })).toMatchObject({ code: 0, stdout: '' })
    const saved = editor.read('4f9a')
    expect(await editor.sops([...general, '--ignore-mac', '--decrypt', '4f9a'], { env })).toMatchObject({
      stdout: change(text),
    })
    // Saved again without a change: it takes what is in the file, whatever the exit code.
    expect(await editor.sops([...general, '4f9a'], { env: saving })).toMatchObject({ code: 200 })
    expect(editor.read('4f9a')).toBe(saved)
  })

  test.each([samples[0], samples[2]])(
    'sops-edit for VS Code, %s: decrypts to a file beside, encrypts in place',
    async (_, suffix, text) => {
      editor.write(`x.${suffix}`, text)
      expect(await editor.shell(`sops --in-place --encrypt x.${suffix}`)).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await editor.shell(`sops --decrypt x.${suffix} > x.tmp.${suffix}`)).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      })
      expect(editor.read(`x.tmp.${suffix}`)).toBe(text)
      await editor.shell(`cp x.tmp.${suffix} x.${suffix}; sops --in-place --encrypt x.${suffix}`)
      expect(await editor.shell(`sops --in-place --decrypt x.${suffix}`)).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(editor.read(`x.${suffix}`)).toBe(text)
    },
  )

  // It ends `sops` at the first byte on stderr, and shows what stands there as an error.
  test.each(samples.slice(0, 3))(
    'the plugin for IntelliJ, %s: an editor that waits for its text on stdin',
    async (_, suffix, text) => {
      const file = `x.${suffix}`
      editor.write(file, text)
      expect(await editor.sops(['encrypt', '--in-place', file])).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await editor.sops(['decrypt', file])).toEqual({ code: 0, stdout: text, stderr: '' })
      const mark = '8aa203fd-cc7d-4e00-9c2f-af32b872e4c3'
      const script = editor.script(
        'simple sops/edit.sh',
        `#!/usr/bin/env sh\nset -eu\nprintf "${mark}"\ncat - > "$1"\n`,
      )
      const EDITOR = script.replaceAll(' ', '\\ ')
      expect(await editor.sops([file], { env: { EDITOR }, stdin: change(text) })).toEqual({
        code: 0,
        stdout: mark,
        stderr: '',
      })
      expect(await editor.sops(['decrypt', file])).toEqual({ code: 0, stdout: change(text), stderr: '' })
      const unchanged = await editor.sops([file], { env: { EDITOR }, stdin: change(text) })
      expect(unchanged).toEqual({ code: 200, stdout: mark, stderr: `error: ${file}: File has not changed, exiting.\n` })
      expect(await editor.sops(['decrypt', '--in-place', file])).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(editor.read(file)).toBe(change(text))
    },
  )

  test('the plugin for IntelliJ asks for the version and takes its first line', async () => {
    const { code, stdout } = await editor.sops(['--version'])
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^sops \d+\.\d+\.\d+/)
  })
})
