// `sops rotate`: a new data key for a file, and with it recipients added or removed.
import { quote } from '../../core/quote.ts'
import { newDataKey, wrapDataKey } from '../../datakey.ts'
import { sealFile } from '../../encrypted-file.ts'
import { SopsError } from '../../errors.ts'
import { loadFormat } from '../../formats/index.ts'
import { labelOf } from '../../keys/index.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../../keys/types.ts'
import { forEachFile } from '../each-file.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openerOf } from '../open.ts'
import { configOf, formatsFor, keysFromFlags, layoutOf } from '../settings.ts'
import { isMissing, readTarget, targetOf, writeResult } from '../target.ts'

/** The order in which added keys are appended (spec/keys.md 1.3). */
const addOrder: readonly KeyTypeId[] = ['kms', 'pgp', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'age']

/** Several files only in place, where each result has its own place to go. */
export async function run(inv: Invocation, io: Io): Promise<number> {
  const many = inv.bool('in-place') && inv.positionals.length > 1
  if (!many) {
    await rotateFile(inv, io)
    return 0
  }
  await forEachFile(inv, io, (one) => rotateFile(one, io), {
    doing: 'rotating',
    failed: (failures, total) => `failed rotating ${failures} of ${total} files`,
  })
  return 0
}

async function rotateFile(inv: Invocation, io: Io): Promise<void> {
  const { ctx } = io
  const target = await targetOf(inv, io, { stdin: false })
  const path = target.file!
  if (changesKeys(inv) && (await isMissing(path))) throw missing(inv, path)
  const config = await configOf(inv, ctx)
  const opener = await openerOf(inv, io)
  const added = await keysFromFlags(inv, ctx, { prefix: 'add-', order: addOrder, lenientContext: true })
  const removed = await keysFromFlags(inv, ctx, { prefix: 'rm-', order: addOrder, lenientContext: true })
  const ignoreMac = inv.legacy && inv.bool('ignore-mac')
  const bytes = await readTarget(target, io)
  const formats = formatsFor(inv, target.typePath, bytes)
  await ctx.audit?.({ action: 'rotate', file: path })
  const { file } = await opener.open(path, bytes, formats.input, { ignoreMac, change: true })
  const dataKey = newDataKey()
  try {
    const wanted = withoutKeys(withKeys(file.metadata.keyGroups, added), removed)
    const { groups, threshold } = await wrapDataKey(dataKey, wanted, file.metadata.shamirThreshold, opener.services)
    const metadata = { ...file.metadata, keyGroups: groups, shamirThreshold: threshold }
    const output = await loadFormat(formats.output)
    await ctx.audit?.({ action: 'encrypt', file: path })
    const sealed = sealFile({ ...file, metadata, dataKey }, output, ctx.now(), layoutOf(inv, config, output.id))
    await writeResult(inv, io, target, sealed.bytes, bytes)
  } finally {
    dataKey.fill(0)
    file.dataKey.fill(0)
  }
}

function missing(inv: Invocation, path: string): SopsError {
  const advice = inv.legacy ? '`--kms` and `--pgp` options' : '`edit` subcommand'
  return new SopsError(
    'change-keys-of-missing-file',
    `Error: cannot add or remove keys on non-existent file ${quote(path)}, use the ${advice} instead.`,
  )
}

const flagsOf = ['kms', 'pgp', 'gcp-kms', 'hckms', 'azure-kv', 'hc-vault-transit', 'age']

const changesKeys = (inv: Invocation): boolean =>
  flagsOf.some((name) => inv.string(`add-${name}`) !== '' || inv.string(`rm-${name}`) !== '')

const withKeys = (groups: readonly KeyGroup[], added: readonly MasterKey[]): KeyGroup[] =>
  groups.map((group, i) => (i === 0 ? { keys: [...group.keys, ...added] } : group))

/** Removes by identity, whatever the type, from every group. */
function withoutKeys(groups: readonly KeyGroup[], removed: readonly MasterKey[]): KeyGroup[] {
  const labels = new Set(removed.map(labelOf))
  return groups.map((group) => ({ keys: group.keys.filter((key) => !labels.has(labelOf(key))) }))
}
