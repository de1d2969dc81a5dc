// Which of many files may be encrypted ones: told by their bytes, without a key and before anything is parsed.
import { join } from 'node:path'
import { sniffFormat } from '../formats/index.ts'
import { textOf } from '../system/index.ts'
import type { Git } from './git.ts'

/** In bytes. What is longer counts only where it is named: reading all of a repository's films for their metadata helps nobody. */
export const largest: number = 5 * 2 ** 20

/** In all metadata, in every format. */
const word = 'sops'

/** One of the fields that metadata has: data that only has an entry of that name is no encrypted file. */
const field =
  /(?:^|[\s"'{,[_])(?:mac|lastmodified|kms|gcp_kms|azure_kv|hc_vault|hckms|age|pgp|key_groups)(?:["'_=]|\s*[:=])/im

/** What sops leaves behind: a value, a wrapped data key, a date. Settings of other programs that are called `sops` have none of it. */
const trace = /ENC\[|lastmodified|(?:^|[\s"'{,_])enc["':=\s]/i

/** True for what carries metadata in any of the five formats, whether or not that is whole; other encodings than UTF-8 are none of them. */
export function looksEncrypted(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!buffer.includes(word)) return false
  const format = sniffFormat(buffer)
  if (format === undefined) return false
  const text = buffer.toString('latin1')
  if ((format === 'json' || format === 'binary') && !/"sops"\s*:\s*\{/.test(text)) return false
  return field.test(text) && trace.test(text)
}

/** Of so many files Git finds those that can be encrypted faster than reading them all does. */
const many = 300

/**
 * Of `count` files of a work tree, the absolute paths of those that have the word of all metadata in them; undefined where they are so few
 * that reading them is as good. Files that attributes call binary are looked at, too: people do so to keep ciphertext out of their diffs.
 */
export async function withMetadata(git: Git, count: number): Promise<ReadonlySet<string> | undefined> {
  if (count < many) return undefined
  const how = ['-l', '-z', '-a', '-F', '--no-color', '--no-textconv', '--no-recurse-submodules', '--full-name']
  const found = new Set<string>()
  // The first passes over what is not tracked, and looks into the index for what is assumed to be unchanged; the second over what is ignored.
  for (const where of [[], ['--untracked']]) {
    const names = (await git.ask('grep', ...how, ...where, '-e', word)) ?? Buffer.alloc(0)
    for (const name of textOf(names).split('\0')) found.add(join(git.folder, name))
  }
  return found
}
