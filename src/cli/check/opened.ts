// What only shows with a key: whether each file opens, and whether its values stand elsewhere in clear.
import { type CheckedName, type Fault, isTelling, leakSearch, type Secret } from '../../check/index.ts'
import type { SopsError } from '../../errors.ts'
import { loadEncrypted, withOpenFile } from '../../file/index.ts'
import { leavesOf, looksEncrypted, type Target } from '../../repo/index.ts'
import { formatPath } from '../../tree/path.ts'
import { toBytes } from '../../tree/scalar.ts'
import type { Invocation, Io } from '../invocation.ts'
import { readMany } from '../many/read.ts'
import { formatsFor, orderOf, servicesOf } from '../settings.ts'
import type { CheckFlag } from './flags.ts'
import type { Scope } from './scope.ts'

type Given = Invocation<CheckFlag>

/** For `--verify` and `--leaks`: what is found in files, by their paths. `sealed` are those that are checked. */
export async function openedDrafts(
  inv: Given,
  io: Io,
  scope: Scope,
  sealed: readonly CheckedName[],
): Promise<ReadonlyMap<string, readonly Fault[]>> {
  const found = new Map<string, readonly Fault[]>()
  const add = (path: string, drafts: readonly Fault[]): void => {
    if (drafts.length > 0) found.set(path, [...(found.get(path) ?? []), ...drafts])
  }
  const isLeaks = inv.bool('leaks')
  const checked = new Set(sealed.map(({ path }) => path))
  const others = isLeaks ? await otherSealed(scope, checked) : []
  const targets: readonly Target[] = [...sealed.map((file) => ({ ...file, named: true })), ...others]
  const secrets: Secret[] = []
  const work = (child: Io, target: Target): Promise<readonly Secret[]> => secretsOf(inv, child, scope, target)
  try {
    await readMany(inv, io, { targets, doing: 'opening', isQuiet: true }, work, ({ target, result = [], error }) => {
      for (const secret of result) secrets.push(secret)
      if (error !== undefined && checked.has(target.path)) add(target.path, [unopenedDraft(error)])
    })
    if (isLeaks) for (const [path, drafts] of await leaksIn(scope, secrets, checked)) add(path, drafts)
  } finally {
    for (const { bytes } of secrets) bytes.fill(0)
  }
  return found
}

/** Encrypted files that are not checked: their values must not stand in what is. */
async function otherSealed(scope: Scope, checked: ReadonlySet<string>): Promise<readonly Target[]> {
  const others: Target[] = []
  for await (const { path, name, bytes } of scope.everything())
    if (!checked.has(path) && looksEncrypted(bytes)) others.push({ path, name, named: true })
  return others
}

/** Opens one file. Its values, if they are asked for, are the caller's to wipe. */
async function secretsOf(inv: Given, io: Io, scope: Scope, { path, name }: Target): Promise<readonly Secret[]> {
  const bytes = await scope.read({ path, name, named: true })
  if (bytes === undefined) return []
  const loaded = await loadEncrypted(bytes, formatsFor({}, path, bytes).input)
  const options = { services: await servicesOf(inv, io), ...orderOf(inv), audit: { context: io.ctx, file: path } }
  return withOpenFile(loaded, options, async (file) => {
    if (!inv.bool('leaks')) return []
    const secrets: Secret[] = []
    for (const { token, plain, path: steps } of await leavesOf(file)) {
      if (token === undefined || !plain || plain.value === null) continue
      const value = Uint8Array.from(toBytes(plain.value))
      if (isTelling(value)) secrets.push({ path, name, keyPath: formatPath(steps), bytes: value })
    }
    return secrets
  })
}

function unopenedDraft(error: SopsError): Fault {
  return error.code === 'no-data-key'
    ? { rule: 'mac', level: 'warning', message: 'no key at hand opens it, so nobody can tell whether it is whole' }
    : { rule: 'mac', message: `does not open: ${error.message}`, position: error.position }
}

/** A leak counts where either file is checked. */
async function leaksIn(
  scope: Scope,
  secrets: readonly Secret[],
  checked: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly Fault[]>> {
  const all = leakSearch(secrets)
  const own = leakSearch(secrets.filter(({ path }) => checked.has(path)))
  const files = new Set(scope.files.map(({ path }) => path))
  const found = new Map<string, readonly Fault[]>()
  for await (const file of scope.everything()) found.set(file.path, (files.has(file.path) ? all : own)(file))
  return found
}
