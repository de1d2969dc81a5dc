// `sops set`: one value of a file, given as JSON.
import { readFile } from 'node:fs/promises'
import { setAt } from '../../core/change.ts'
import { documentFor } from '../../core/documents.ts'
import { nodeAt, type Path, parsePath } from '../../core/path.ts'
import { type Entry, type MapNode, type Node, sameNode } from '../../core/tree.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { parseJsonValue } from '../../formats/index.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeInPlace } from '../open.ts'
import { absolutePath } from '../settings.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const [name, index, valueWord] = wordsOf(inv)
  await changeInPlace(inv, io, name, async () => {
    const steps = parsePath(index, 'bad-path-or-value', 'Invalid set index format: ')
    const value = await readValue(await valueTextOf(inv, io, valueWord))
    return {
      path: steps,
      find: documentFor,
      make: (root) => (inv.bool('idempotent') && holds(root, steps, value) ? undefined : setAt(root, steps, value)),
    }
  })
  return 0
}

/** File, index, and the value's text or path (`''` when it comes from stdin). */
function wordsOf(inv: Invocation): readonly [string, string, string] {
  const [fromFile, fromStdin] = [inv.bool('value-file'), inv.bool('value-stdin')]
  if (fromFile && fromStdin) throw new SopsError('generic', 'Error: cannot use both --value-file and --value-stdin')
  const [file, index, value = ''] = inv.positionals
  const needed = fromStdin ? 2 : 3
  if (file === undefined || index === undefined || inv.positionals.length !== needed) {
    throw new SopsError(
      'no-file',
      fromStdin
        ? 'Error: file specified, or index and value are missing. Need precisely 2 positional arguments since --value-stdin is used.'
        : 'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.',
    )
  }
  return [file, index, value]
}

async function valueTextOf(inv: Invocation, io: Io, word: string): Promise<string> {
  if (inv.bool('value-stdin')) return Buffer.from(await io.host.stdin.readAll()).toString()
  if (!inv.bool('value-file')) return word
  try {
    return await readFile(absolutePath(io.ctx, word), 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new SopsError('generic', `open ${word}: ${missing ? 'no such file or directory' : messageOf(error)}`, {
      cause: error,
    })
  }
}

/**
 * A JSON text as a node. A number by itself is a float, as in the reference; inside an object or array integers stay integers
 * (spec/cli.md 12.4; the reference refuses arrays).
 * @throws SopsError `bad-path-or-value`.
 */
export async function readValue(text: string): Promise<Node> {
  try {
    const node = detached(await parseJsonValue(Buffer.from(text)))
    return node.kind === 'leaf' && typeof node.value === 'bigint' ? { kind: 'leaf', value: Number(node.value) } : node
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    // The parser's message may show where the value breaks, but never the value.
    throw new SopsError('bad-path-or-value', 'Value for --set is not valid JSON', { cause: error })
  }
}

/** The node without its origin in the JSON text. */
function detached(node: Node): Node {
  if (node.kind === 'leaf') return { kind: 'leaf', value: node.value }
  if (node.kind === 'list')
    return { kind: 'list', items: node.items.map((item) => (item.kind === 'comment' ? item : detached(item))) }
  const items = node.items.flatMap((item): Entry[] =>
    item.kind === 'entry' ? [{ kind: 'entry', key: item.key, value: detached(item.value) }] : [],
  )
  return { kind: 'map', items }
}

function holds(root: MapNode, path: Path, value: Node): boolean {
  try {
    return sameNode(nodeAt(root, path), value)
  } catch {
    return false
  }
}
