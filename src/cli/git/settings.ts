// The settings of Git that `sops git install` makes, each only where it is not made already, and how they are taken back.
import { messageOf, SopsError } from '../../errors.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'

/** Of a repository, or of the user. */
type SettingsScope = '--local' | '--global'

type Setting = readonly [key: string, value: string]

const shown: readonly Setting[] = [
  ['diff.sopsdiffer.textconv', 'sops git textconv'],
  ['merge.sops.name', 'values of sops files'],
  ['merge.sops.driver', 'sops git merge-driver %O %A %B %L %P %S %X %Y'],
  // A common ancestor that has to be made of two must never hold our markers.
  ['merge.sops.recursive', 'binary'],
  ['mergetool.sops.cmd', 'sops merge --base "$BASE" --local "$LOCAL" --remote "$REMOTE" --output "$MERGED"'],
  ['mergetool.sops.trustExitCode', 'true'],
]

const filtered: readonly Setting[] = [
  ['filter.sops.process', 'sops git filter-process'],
  ['filter.sops.clean', 'sops git clean %f'],
  ['filter.sops.smudge', 'sops git smudge %f'],
  ['filter.sops.required', 'true'],
]

/** All values that each key has in a scope, by its name as Git lists it. */
async function valuesIn(scope: SettingsScope, io: Io): Promise<ReadonlyMap<string, readonly string[]>> {
  // The user may have no file of settings yet; one that cannot be read makes the first change fail.
  const listed = await git(io, 'config', scope, '--null', '--list').catch(() => '')
  const found = new Map<string, string[]>()
  for (const entry of listed.split('\0')) {
    const [key = '', ...value] = entry.split('\n')
    if (key !== '') found.set(key, [...(found.get(key) ?? []), value.join('\n')])
  }
  return found
}

/** Section and name are of any case, and what is between them is not. */
const asListed = (key: string): string => key.replace(/^[^.]*|[^.]*$/g, (part) => part.toLowerCase())

/** What keys had before, one value each. */
export type Earlier = Readonly<Record<string, string>>

interface Settled {
  /** Values that ours have replaced. */
  readonly replaced: Earlier
  undo(): Promise<void>
}

/** Makes the settings. @throws SopsError `generic` with Git's words where it refuses; then they are as they were. */
export async function makeSettings(
  io: Io,
  scope: SettingsScope,
  { filter }: { readonly filter: boolean },
): Promise<Settled> {
  const there = await valuesIn(scope, io)
  const replaced: Record<string, string> = {}
  const undone: (() => Promise<unknown>)[] = []
  const undo = async (): Promise<void> => {
    for (const one of undone.reverse()) await one()
  }
  for (const [key, value] of filter ? [...shown, ...filtered] : shown) {
    const values = there.get(asListed(key)) ?? []
    if (values.length === 1 && values[0] === value) continue
    try {
      await git(io, 'config', scope, key, value)
    } catch (error) {
      await undo().catch((failure: unknown) => {
        throw new SopsError('generic', `settings of Git for sops are left: ${messageOf(failure)}`, { cause: error })
      })
      throw error
    }
    const [old] = values
    if (old !== undefined) replaced[key] = old
    undone.push(() =>
      old === undefined ? git(io, 'config', scope, '--unset', key) : git(io, 'config', scope, key, old),
    )
  }
  return { replaced, undo }
}

/** Takes back the settings that are ours still. Returns the keys. @throws SopsError `generic` where Git refuses. */
export async function takeSettings(io: Io, scope: SettingsScope, earlier: Earlier): Promise<readonly string[]> {
  const there = await valuesIn(scope, io)
  const ours = [...shown, ...filtered].filter(([key, value]) => {
    const values = there.get(asListed(key)) ?? []
    return values.length === 1 && values[0] === value
  })
  for (const [key] of ours) {
    const old = earlier[key]
    await (old === undefined ? git(io, 'config', scope, '--unset', key) : git(io, 'config', scope, key, old))
  }
  return ours.map(([key]) => key)
}

/** Whether the filter is ours in this scope. */
export async function hasFilter(io: Io, scope: SettingsScope): Promise<boolean> {
  const there = await valuesIn(scope, io)
  return filtered.some(([key, value]) => key !== 'filter.sops.required' && there.get(asListed(key))?.includes(value))
}

/** Git would keep the plaintext of every version that it has shown. */
export async function warnOfCache(io: Io): Promise<void> {
  const key = 'diff.sopsdiffer.cachetextconv'
  const said = await git(io, 'config', '--type=bool', '--get', key).catch(() => '')
  if (said !== 'true') return
  const remedy = `git config --unset ${key}; git update-ref -d refs/notes/textconv/sopsdiffer`
  const message = `${key} is set: git keeps plaintext in its folder; run: ${remedy}`
  io.ctx.log({ level: 'warning', logger: 'CMD', message })
}
