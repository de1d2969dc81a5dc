// A release as the action and the template download it, with a program that only says its version.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { root } from './build.ts'
import { keysFolder } from './conformance/case.ts'
import { runProcess } from './process.ts'

/** Those that executables are made for. */
export const platforms: readonly string[] = Object.keys(
  JSON.parse(readFileSync(join(root, 'scripts/toolchain.json'), 'utf8')).platforms,
)
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Lays out `folder`/v`version`; returns the archive, which is the same for each platform. */
export function layOutRelease(folder: string, version: string, program: string): Buffer {
  const place = join(folder, `v${version}`)
  mkdirSync(place, { recursive: true })
  const archive = gzipSync(program)
  const names = platforms.filter((name) => !name.startsWith('win32')).map((platform) => `sops-${platform}.gz`)
  for (const name of names) writeFileSync(join(place, name), archive)
  writeFileSync(join(place, 'SHA256SUMS'), names.map((name) => `${sha256(archive)}  ${name}\n`).join(''))
  return archive
}

const isInPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)))

/** What the scripts that install a release need of the system, and this machine lacks. */
export const lacking: readonly string[] = ['bash', 'curl', 'gzip', 'sha256sum'].filter((name) => !isInPath(name))

/** For the title of a test that is skipped. */
export const lackingText: string = lacking.length === 0 ? '' : ` (not in the PATH: ${lacking.join(', ')})`

/** For whom documents are encrypted, and the program of this checkout as that of a release. */
export const identity: string = join(keysFolder, 'one.age')
export const program: string = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/sops.cjs')}' "$@"\n`

/** Encrypts a document into the file `name` of the folder. */
export async function encryptInto(folder: string, document: string, name: string): Promise<void> {
  const recipient = /age1\w+/.exec(readFileSync(identity, 'utf8'))![0]
  const words = ['encrypt', '--age', recipient, '--filename-override', name, '--output', name]
  const made = await runProcess(process.execPath, [join(root, 'bin/sops.cjs'), ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH']!, HOME: folder },
    stdin: document,
  })
  expect([made.stderr.toString(), made.exit]).toEqual(['', 0])
}
