// Encrypting and decrypting in this process under a known data key, without any recipient's cryptography.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SopsError } from '../../src/errors.ts'
import {
  type Context,
  decrypt,
  type EncryptOptions,
  encrypt,
  type FormatId,
  type KeyGroup,
  type KeyService,
  type Node,
  replacePlaintext,
  sameNode,
  type Tree,
} from '../../src/index.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'

export const dataKey: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)

export const recipientOne: string =
  /age1[a-z0-9]+/.exec(readFileSync(join(keysFolder, 'one.age'), 'utf8'))?.[0] ?? 'age1missing'

/** Wraps by writing the key down: what it holds is no secret here. */
export const openService: KeyService = {
  name: 'open',
  wrap: async (_key, part) => Buffer.from(part).toString('base64'),
  unwrap: async (key) => new Uint8Array(Buffer.from(key.enc, 'base64')),
}

export const ageGroup: KeyGroup = { keys: [{ type: 'age', fields: { recipient: recipientOne }, enc: '' }] }

export const common: { readonly services: readonly KeyService[]; readonly context: Context } = {
  services: [openService],
  context: fakeContext(),
}

export const seal = (input: Uint8Array | string, options: EncryptOptions): Promise<Uint8Array> =>
  encrypt(input, { keyGroups: [ageGroup], ...common, ...options })

export const unseal = (input: Uint8Array | string, format: FormatId, more: object = {}): Promise<Uint8Array> =>
  decrypt(input, { format, ...common, ...more })

export const reseal = (old: Uint8Array, plain: Uint8Array, format: FormatId): Promise<Uint8Array> =>
  replacePlaintext(old, plain, { format, ...common })

/** An error that the program reports; anything else that is thrown is a defect. */
export const isReported = (error: unknown): error is SopsError => error instanceof SopsError

/** The result, or the reported error; a defect is thrown on. */
export async function orReported<T>(work: () => T | Promise<T>): Promise<T | SopsError> {
  try {
    return await work()
  } catch (error) {
    if (isReported(error)) return error
    throw error
  }
}

/** NaN equals nothing; here it has to. */
function withoutNaN(node: Node): Node {
  if (node.kind === 'leaf') return Number.isNaN(node.value) ? { kind: 'leaf', value: 'NaN (float)' } : node
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => (item.kind === 'comment' ? item : withoutNaN(item))) }
  return {
    ...node,
    items: node.items.map((item) => (item.kind === 'comment' ? item : { ...item, value: withoutNaN(item.value) })),
  }
}

/** Same documents: values, types, keys, order and comments. */
export const sameTrees = (a: Tree, b: Tree): boolean =>
  a.documents.length === b.documents.length &&
  a.documents.every((document, i) => sameNode(withoutNaN(document), withoutNaN(b.documents[i]!)))
