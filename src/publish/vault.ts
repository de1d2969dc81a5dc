// Publishes to a KV engine of Vault or OpenBao, which gets the decrypted values (spec/keys.md 12).
import { isDeepStrictEqual } from 'node:util'
import type { Destination } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { textOrBytes } from '../tree/scalar.ts'
import type { Node, Tree, Value } from '../tree/tree.ts'
import { checkPath, exactJson, jsonText, placeAt, vaultRequest } from '../vault/index.ts'

export type VaultDestination = Extract<Destination, { kind: 'vault' }>

/** The path of a secret below `/v1/`. @throws SopsError `generic` for a part that would lead elsewhere. */
export function vaultPath({ mount, path, version }: VaultDestination, name: string): string {
  checkPath(mount.slice(0, -1), 'vault_kv_mount_name')
  checkPath(path.slice(0, -1), 'vault_path')
  checkPath(name, 'the name of the secret')
  return version === 1 ? `${mount}${path}${name}` : `${mount}data/${path}${name}`
}

/**
 * Writes the values of all documents as one secret, unless the server has exactly these already.
 * @throws SopsError `generic`; the message never holds a value.
 */
export async function publishToVault(
  destination: VaultDestination,
  name: string,
  tree: Tree,
  ctx: Context,
): Promise<void> {
  const secret = secretOf(tree)
  const path = vaultPath(destination, name)
  const call = { place: placeAt(destination.address, path, ctx), token: ctx.env['VAULT_TOKEN'] || undefined }
  const isV1 = destination.version === 1
  const look = async (): Promise<unknown> => {
    const stored = await vaultRequest(ctx, { ...call, method: 'GET', exact: true })
    return isV1 ? stored : (stored as { data?: unknown } | undefined)?.data
  }
  const present = await look().catch(() => {
    const message =
      `Cannot check if destination secret already exists in ${path}. ` +
      'New version will be created even if the data has not been changed.'
    ctx.log({ level: 'warning', logger: 'PUBLISH', message })
    return undefined
  })
  const wanted = exactJson(jsonText(secret))
  if (isDeepStrictEqual(present, wanted)) return
  const made = await vaultRequest(ctx, { ...call, method: 'PUT', body: isV1 ? secret : { data: secret } })
  // Version 1 answers with nothing. Of version 2 a proxy's empty page would be told as a secret that was written, so it is looked up.
  if (isV1 || typeof (made as { version?: unknown } | null | undefined)?.version === 'number') return
  if (isDeepStrictEqual(await look().catch(() => undefined), wanted)) return
  throw new SopsError('generic', `Vault did not confirm that ${path} was written: its answer names no version`, {
    hints: ['a proxy may have answered in its place: look at the secret, then publish again'],
  })
}

/** JSON values by top-level key. If several documents have a key, the last wins. Comments are left out. */
const secretOf = (tree: Tree): unknown =>
  jsonOf({ kind: 'map', items: tree.documents.flatMap((document) => document.items) })

function jsonOf(node: Node): unknown {
  if (node.kind === 'leaf') return jsonLeaf(node.value)
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [jsonOf(item)]))
  return Object.fromEntries(
    node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, jsonAt(item.key, item.value)]] : [])),
  )
}

/** Adds to an error the path of the value that JSON cannot hold. */
function jsonAt(key: string, value: Node): unknown {
  try {
    if (!key.isWellFormed()) throw unfit('a key that is not text (UTF-8)')
    return jsonOf(value)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    throw new SopsError(error.code, error.message, { path: [key, ...(error.path ?? [])] })
  }
}

const unfit = (what: string): SopsError => new SopsError('generic', `${what} cannot be stored in Vault`)

function jsonLeaf(value: Value): unknown {
  if (value instanceof Uint8Array) {
    const text = textOrBytes(value)
    if (typeof text !== 'string') throw unfit('a value that is not text (UTF-8)')
    return text
  }
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw unfit('a number that is not finite')
  return typeof value === 'object' && value !== null ? value.rfc3339 : value
}
