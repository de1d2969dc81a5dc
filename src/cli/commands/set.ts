// `sops set`: sets one value of a file, given as JSON.

import { SopsError } from '../../errors.ts'
import type { Format } from '../../formats/index.ts'
import { parseJsonValue } from '../../formats/index.ts'
import { bytesOf, hasBytes, systemErrorText } from '../../system/index.ts'
import { utf16Problem } from '../../text/encoding.ts'
import { fileWord, shellWord } from '../../text/quote.ts'
import { documentFor } from '../../tree/documents.ts'
import { setAt } from '../../tree/edit.ts'
import { formatPath, nodeAt, type Path, parsePath } from '../../tree/path.ts'
import { type Leaf, type MapNode, type Node, sameNode } from '../../tree/tree.ts'
import { type Command, command, type EachWork } from '../command.ts'
import { readGiven, tellOfWaiting } from '../files.ts'
import { bool } from '../flag.ts'
import { allowCleartext, decryptionOrder, idempotent, idleThreshold, ignoreMac, keyServices, types } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptedTargets, isByFlag, isSingle, wantsReport } from '../many/targets.ts'
import { changeInPlace, type InPlaceChange } from '../open.ts'
import { absolutePath } from '../settings.ts'
import { isFile, isIndex } from '../word-order.ts'

const flags = [
  ...types,
  bool('value-file', 'VALUE is the path of a file that holds the value'),
  bool('value-stdin', 'read the value from stdin'),
  idleThreshold,
  ignoreMac,
  allowCleartext,
  decryptionOrder,
  idempotent,
  ...keyServices,
  ...targetFlags,
  ...writerFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const set: Command = command({
  args: 'FILE INDEX [VALUE]',
  flags,
  examples: [
    'sops set secrets.yaml \'["db"]["password"]\' \'"new"\'',
    'printf \'"new"\' | sops set --value-stdin secrets.yaml \'["db"]["password"]\'',
  ],
  root: ['config', 'indent'],
  each: (inv, io, given) => setter(inv, io, given).setIn,
  run,
})

/** What sets the value in a file, and what reads the value, unless it is given: once, when it is first needed. */
function setter(
  inv: Given,
  io: Io,
  given?: Uint8Array,
): { readonly setIn: EachWork<Given>; readonly value: () => Promise<Uint8Array> } {
  const [name, index, valueWord] = wordsOf(inv, io)
  let read = given && Promise.resolve(given)
  const value = (): Promise<Uint8Array> => {
    read ??= readText(inv, io, valueWord)
    return read
  }
  const setIn = async (one: Given, child: Io): Promise<void> => {
    const [file = name!] = one.positionals
    await changeInPlace(one, child, file, async () => {
      const steps = parsePath(index, 'bad-path-or-value', 'Invalid set index format: ')
      return changeTo(inv, child, steps, await readValue(await value(), steps, jsonHints(inv, index)))
    })
  }
  return { setIn, value }
}

async function run(inv: Given, io: Io): Promise<number> {
  const [name] = wordsOf(inv, io)
  const { setIn, value } = setter(inv, io)
  if (isSingle(inv, io, name === undefined ? [] : [name]) && !wantsReport(inv)) {
    await setIn(inv, io)
    return 0
  }
  const targets = await encryptedTargets(inv, io, name === undefined ? [] : [name])
  return changeMany(inv, io, {
    targets,
    work: setIn,
    shared: { given: value },
    verbs: ['setting', 'set in', 'set it in'],
  })
}

function changeTo(inv: Given, io: Io, steps: Path, given: Node): InPlaceChange {
  return {
    path: steps,
    find: documentFor,
    done: ['set', 'in'],
    make: (root, format) => {
      const value = fitting(given, format)
      if (inv.bool('idempotent') && holds(root, steps, value, format)) return undefined
      noteFloats(value, steps, io)
      return setAt(root, steps, value)
    },
  }
}

/** File (undefined where flags say which), index, and the value's text or its file's path (`''` for stdin). */
function wordsOf(inv: Given, io: Io): readonly [string | undefined, string, string] {
  const [fromFile, fromStdin] = [inv.bool('value-file'), inv.bool('value-stdin')]
  if (fromFile && fromStdin) throw new SopsError('generic', 'Error: cannot use both --value-file and --value-stdin')
  const words = isByFlag(inv) ? [undefined, ...inv.positionals] : inv.positionals
  const [file, index, value = ''] = words
  if (hasBytes(index ?? '')) throw new SopsError('bad-path-or-value', 'Index of set must be UTF-8')
  const needed = fromStdin ? 2 : 3
  if ((file === undefined && !isByFlag(inv)) || index === undefined || words.length !== needed) {
    throw new SopsError(
      'no-file',
      fromStdin
        ? 'Error: file specified, or index and value are missing. Need precisely 2 positional arguments since --value-stdin is used.'
        : 'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.',
      {
        hints: [
          ...(isJoined(index) && value === ''
            ? ['the index and the value are two words, each in quotes of its own']
            : []),
          callOf(inv, io),
        ],
      },
    )
  }
  if (file !== undefined) refuseSwapped(file, index, fromStdin || fromFile ? '' : value, io)
  return [file, index, value]
}

/** The index at the beginning of a word, which may have the value behind it: a secret. */
const indexOf = (word: string): string => /^\s*(?:\[(?:"[^"]*"|'[^']*'|\d+)\])*/.exec(word)![0].trim() || '["key"]'

/** True for an index with a value behind it, as the form without a command has them: `["key"] "value"`. */
const isJoined = (word = ''): boolean => isIndex(word) && indexOf(word) !== word.trim()

/** How the command is called, with the words that are in their places. */
function callOf(inv: Given, { host }: Io): string {
  const [first = '', second = ''] = inv.positionals
  const file = isFile(first, host.cwd) ? fileWord(first) : 'FILE'
  const index = isIndex(second) ? shellWord(indexOf(second)) : `'["key"]'`
  if (inv.bool('value-stdin')) return `sops set --value-stdin ${file} ${index}`
  return inv.bool('value-file')
    ? `sops set --value-file ${file} ${index} VALUE.json`
    : `sops set ${file} ${index} '"value"'`
}

/** The value is never shown, wherever it stands. @throws SopsError `bad-path-or-value`. */
function refuseSwapped(file: string, index: string, value: string, { host }: Io): void {
  const words = [file, index, value]
  const named = words.find((word) => isFile(word, host.cwd))
  const swapped =
    named !== undefined && named !== file
      ? isIndex(file)
        ? 'the index stands in the place of the file'
        : 'the file does not stand first'
      : !isIndex(index) && isIndex(value)
        ? 'the value stands in the place of the index'
        : undefined
  if (swapped === undefined) return
  const path = indexOf(words.find(isIndex) ?? '["key"]')
  throw new SopsError('bad-path-or-value', `Invalid set index format: ${swapped}`, {
    hints: [
      `first the file, then the index, then the value: sops set ${fileWord(named ?? 'FILE')} ${shellWord(path)} VALUE`,
    ],
  })
}

/** @throws SopsError `bad-path-or-value` for text in UTF-16. */
function withoutMark(bytes: Uint8Array, name: string): Uint8Array {
  const utf16 = utf16Problem(bytes)
  if (utf16 !== undefined) throw new SopsError('bad-path-or-value', `${name}: ${utf16}`)
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return hasMark ? bytes.subarray(3) : bytes
}

async function readText(inv: Given, io: Io, word: string): Promise<Uint8Array> {
  const onWait =
    (path?: string) =>
    (from: 'pipe' | 'terminal'): void =>
      tellOfWaiting(from, path, io.ctx.log)
  if (inv.bool('value-stdin')) return withoutMark(await io.host.stdin.readAll({ onWait: onWait() }), '--value-stdin')
  if (!inv.bool('value-file')) return bytesOf(word)
  try {
    return withoutMark(await readGiven(io.host, absolutePath(io.ctx, word), { onWait: onWait(word) }), word)
  } catch (error) {
    if (error instanceof SopsError) throw error
    throw new SopsError('generic', systemErrorText(error, 'open', word), { cause: error })
  }
}

/** Makes JSON of a text; the line break at its end is that of the file. */
const jq = `jq -Rs 'rtrimstr("\\n")'`

/** The value itself is never shown: it is a secret. */
function jsonHints(inv: Given, index: string): readonly string[] {
  const call = `sops set --value-stdin FILE ${shellWord(index)}`
  const [, , path] = inv.positionals
  if (inv.bool('value-file') && path !== undefined)
    return [`the file holds JSON, text in double quotes; to store a text as it is: ${jq} < ${fileWord(path)} | ${call}`]
  const quoted = `text stands in double quotes${inv.bool('value-stdin') ? '' : `, and those in single ones for the shell: '"new"'`}; numbers, true and null stand bare`
  return [quoted, `of a file or another program's output: ${jq} < SECRET.txt | ${call}`]
}

/**
 * A JSON text as a node. Numbers keep their spelling and get the types that they would have in a JSON file; the reference makes a lone
 * number a float, and refuses arrays (spec/cli.md 12.4).
 * @throws SopsError `bad-path-or-value`; for a string that is not valid text it names the place, below `path`.
 */
async function readValue(text: Uint8Array, path: Path, hints: readonly string[]): Promise<Node> {
  try {
    return withLeaves(await parseJsonValue(text), ({ value, spelling }) =>
      typeof value === 'number'
        ? { kind: 'leaf', value, spelling: spelling ?? String(value) }
        : spelling === undefined
          ? { kind: 'leaf', value }
          : { kind: 'leaf', value, spelling },
    )
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    // Any other message of the parser may quote a character of the value.
    const isNamed = error.path !== undefined
    const isTooLarge = error.details.fault === 'number out of range'
    const why = isTooLarge ? `: ${error.message}` : isNamed ? `: at ${formatPath(path)}, ${error.message}` : ''
    throw new SopsError('bad-path-or-value', `Value for --set is not valid JSON${why}`, {
      hints: why === '' ? hints : error.hints,
      cause: error,
    })
  }
}

/** The node without origins and with its leaves changed. */
function withLeaves(node: Node, change: (leaf: Leaf) => Leaf): Node {
  if (node.kind === 'leaf') return change(node)
  if (node.kind === 'list')
    return {
      kind: 'list',
      items: node.items.map((item) => (item.kind === 'comment' ? item : withLeaves(item, change))),
    }
  return {
    kind: 'map',
    items: node.items.map((item) =>
      item.kind === 'comment' ? item : { kind: 'entry', key: item.key, value: withLeaves(item.value, change) },
    ),
  }
}

/**
 * The value in the types of the format: in one that has only text, a number becomes its digits, as if they had been read from the file.
 * @throws SopsError `bad-path-or-value` for a null that the format cannot hold.
 */
function fitting(node: Node, { id, clearText }: Format): Node {
  if (!clearText) return id === 'yaml' ? withLeaves(node, asYamlFloat) : node
  return withLeaves(node, ({ value, spelling }) => {
    if (value !== null) return { kind: 'leaf', value: typeof value === 'string' ? value : (spelling ?? String(value)) }
    throw new SopsError('bad-path-or-value', `a file of the format ${id} has no null`, {
      hints: ['set an empty text (""), or remove the entry with sops unset'],
    })
  })
}

/** Says that a whole number has become a float, of which other programs show sixteen digits. */
function noteFloats(value: Node, path: Path, { ctx }: Io): void {
  let isLong = false
  withLeaves(value, (leaf) => {
    isLong ||=
      typeof leaf.value === 'number' && /^-?\d+(?:\.0)?$/.test(leaf.spelling ?? '') && Math.abs(leaf.value) >= 2 ** 63
    return leaf
  })
  if (!isLong) return
  const message = `${formatPath(path)} is beyond 64 bits and stored as a float, of which not every program keeps all digits: put it in double quotes to store them as text`
  ctx.log({ level: 'advice', logger: 'CMD', message })
}

/**
 * A whole number of 64 bits without a sign is an integer in YAML, which has no place in SOPS: as a float it gets a fraction. Stored with that,
 * it is what later edits read.
 */
function asYamlFloat(leaf: Leaf): Leaf {
  const { value, spelling = '' } = leaf
  const isUnsigned = typeof value === 'number' && /^\d+$/.test(spelling) && BigInt(spelling) < 2n ** 64n
  return isUnsigned ? { ...leaf, spelling: `${spelling}.0` } : leaf
}

function holds(root: MapNode, path: Path, value: Node, { clearText }: Format): boolean {
  try {
    const found = nodeAt(root, path)
    const shown = clearText ? withLeaves(found, (leaf) => ({ kind: 'leaf', value: clearText(leaf.value) })) : found
    return sameNode(shown, value)
  } catch {
    return false
  }
}
