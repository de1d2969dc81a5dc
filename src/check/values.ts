// The values of an encrypted file: those that must be encrypted and are not, those that are damaged, those in clear that look like secrets.
import { isEmpty, isToken, splitToken, tokenStart } from '../cipher/index.ts'
import type { StoredLeaf } from '../repo/index.ts'
import { fileWord } from '../text/quote.ts'
import { formatPath, type Path } from '../tree/path.ts'
import type { Item, Tree } from '../tree/tree.ts'
import { positionOfLeaf, type SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'
import { privateKeyIn } from './private-keys.ts'

/** True for a tree in which any value is encrypted. */
export function holdsToken(tree: Tree): boolean {
  const waiting: Item[] = [...tree.documents]
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    if (item.kind === 'entry') waiting.push(item.value)
    else if (
      item.kind === 'leaf' &&
      typeof item.value === 'string' &&
      item.value.startsWith(tokenStart) &&
      isToken(item.value)
    )
      return true
    else if (item.kind === 'map' || item.kind === 'list') for (const inner of item.items) waiting.push(inner)
  }
  return false
}

/** Each value gives one finding at most. */
export function checkValues(version: SealedVersion): readonly Fault[] {
  return version.leaves.flatMap((leaf) => {
    const draft = leaf.selected ? selectedDraft(leaf, version) : clearDraft(leaf)
    if (draft === undefined) return []
    return [{ ...draft, keyPath: formatPath(leaf.path), position: positionOfLeaf(version, leaf) }]
  })
}

function selectedDraft({ value }: StoredLeaf, { name }: SealedVersion): Fault | undefined {
  if (isEmpty(value)) return undefined
  if (typeof value === 'string' && value.startsWith('ENC[')) return tokenDraft(value)
  return { rule: 'plaintext-value', message: 'is not encrypted', fix: `sops check --fix ${fileWord(name)}` }
}

/** In bytes (spec/format.md 2.1). */
const [ivLength, tagLength] = [32, 16]
const types = new Set(['str', 'int', 'float', 'bool', 'bytes', 'time', 'comment'])

function tokenDraft(text: string): Fault | undefined {
  const damaged = (message: string, level?: Fault['level']): Fault => ({
    rule: 'malformed-value',
    message,
    ...(level ? { level } : {}),
  })
  const parts = isToken(text) ? splitToken(text) : undefined
  if (parts === undefined) return damaged('is not a whole encrypted value')
  const { data, iv, tag, type } = parts
  if (!types.has(type)) return damaged('is an encrypted value of a type that nobody knows')
  if (lengthOf(data) === undefined) return damaged('is encrypted, and its data is no base64')
  if (lengthOf(tag) !== tagLength) return damaged(`is encrypted, and its tag does not have ${tagLength} bytes`)
  const length = lengthOf(iv)
  if (length === undefined || length === 0) return damaged('is encrypted, and its IV is no base64')
  return length === ivLength
    ? undefined
    : damaged(`is encrypted with an IV of ${length} bytes, not ${ivLength}`, 'warning')
}

/** Bytes of strict base64; undefined for any other text. */
function lengthOf(text: string): number | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes.length : undefined
}

function clearDraft({ value, path }: StoredLeaf): Fault | undefined {
  if (isEmpty(value) || typeof value === 'boolean') return undefined
  const text = typeof value === 'string' || value instanceof Uint8Array ? value : String(value)
  const found = privateKeyIn(text)
  if (found) return { rule: 'private-key', message: `is ${found.what} in clear` }
  if (typeof value === 'object') return undefined
  if (isSecretKey(path) && !isReference(path))
    return { rule: 'clear-secret', message: 'has the name of a secret, and is in clear' }
  return typeof value === 'string' && isRandom(value)
    ? { rule: 'clear-secret', message: 'looks random, as secrets do, and is in clear' }
    : undefined
}

/** Of a list, the key above it. */
const lastKey = (path: Path): string => path.findLast((step) => typeof step === 'string') ?? ''

const isSecretKey = (path: Path): boolean => /pass|secret|token|key$/i.test(lastKey(path))

/** Names of what holds a secret elsewhere, and keys that are public. */
const isReference = (path: Path): boolean =>
  /^secret-?_?(?:name|ref|key-?_?ref|store|store-?_?ref|type|class|namespace)s?$|public-?_?key$|^(?:pass|token)-?_?(?:type|ttl|name)$/i.test(
    lastKey(path),
  )

/** From so many characters on, entropy tells anything. */
const longEnough = 20

/** At least four and a half bits for each character, none of them a blank: words and paths have less. */
function isRandom(text: string): boolean {
  const characters = [...text]
  if (characters.length < longEnough || /\s/.test(text) || text.startsWith('ENC[')) return false
  const counts = new Map<string, number>()
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / characters.length) * Math.log2(count / characters.length)
  return bits >= 4.5
}
