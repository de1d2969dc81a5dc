// What a text is that was taken for an encrypted file and is none, or none any more: no next step may seal what is sealed already.
import { isToken, type Selection, tokenStart, walk } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { encryptHint, SopsError } from '../errors.ts'
import { type FormatId, sniffFormat } from '../formats/index.ts'
import { holdsIdentity } from '../system/index.ts'
import { listed } from '../text/listed.ts'
import { formatPath } from '../tree/path.ts'
import type { Tree } from '../tree/tree.ts'

const lostHints: readonly string[] = [
  'its values are encrypted, but its sops block, without which nothing opens them, is missing',
  'take the file from where it is whole: git log -- FILE shows its versions, git checkout -- FILE brings the last one back',
]

const token = /ENC\[AES256_GCM,data:[^\]\r\n]*,iv:[^\]\r\n]*,tag:[^\]\r\n]*,type:[a-z]+\]/

const latin = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Next steps for a text that was read as `id` and has no metadata there; none for one of which nothing is known. None quotes the text. */
export function knownHints(bytes: Uint8Array, id: FormatId): readonly string[] {
  const seen = sniffFormat(bytes)
  if (seen !== undefined && seen !== id)
    return [
      `the text is that of an encrypted ${seen} file, and was read as ${id}`,
      `name its format: --input-type ${seen} --output-type ${seen}`,
    ]
  const text = latin(bytes)
  if (isQuoted(text)) return ["every line begins with >, as in a mail: take that away, as in sed 's/^> //' FILE"]
  const hasTokens = token.test(text.replaceAll('\0', ''))
  const name = /^["']?(sops)["']?:/im.exec(text)?.[1]
  if (hasTokens && name !== undefined && name !== 'sops')
    return [
      `its values are encrypted, but their metadata stands below the key ${name}: it is called sops, in small letters`,
    ]
  if (hasTokens && seen === undefined) return lostHints
  return holdsIdentity(text)
    ? ['the file holds an identity, which opens encrypted files: it stays as it is, outside of all repositories']
    : []
}

const isQuoted = (text: string): boolean =>
  /^>/.test(text) &&
  text
    .trimEnd()
    .split('\n')
    .every((line) => line.startsWith('>'))

/** The error of a text without metadata, with the next step that fits it. */
export function withoutMetadata(error: unknown, bytes: Uint8Array, id: FormatId): unknown {
  if (!(error instanceof SopsError) || !error.hints.includes(encryptHint)) return error
  const hints = knownHints(bytes, id)
  if (hints.length === 0) return error
  return new SopsError(error.code, error.message, { hints, details: error.details, cause: error })
}

/** Warns of values that are encrypted already: SOPS encrypts them once more, and so do we. */
export function warnOfTokens(plain: Tree, selection: Selection, log: Context['log']): void {
  const paths: string[] = []
  const path: string[] = []
  const leaf = <T extends { readonly value: unknown }>(found: T): T => {
    const { value } = found
    if (typeof value === 'string' && value.startsWith(tokenStart) && isToken(value)) paths.push(formatPath(path))
    return found
  }
  walk(plain, selection, { leaf, comment: (comment) => comment }, path)
  if (paths.length === 0) return
  const message = `encrypted already before this: ${listed([...new Set(paths)])}; decrypting gives these texts back, and not what they hold: if the sops block of the file was lost, take the file from where it is whole (git log -- FILE)`
  log({ level: 'warning', logger: 'SOPS', message })
}
