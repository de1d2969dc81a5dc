// `sops check`: finds what should be encrypted and is not, and what is wrong with what is. Needs no key.
import { join } from 'node:path'
import {
  type CheckedName,
  type CheckFinding,
  type ChosenLevels,
  checkFiles,
  checkGitSetup,
  type Fault,
  fingerprintOf,
  refuseUnknown,
} from '../../check/index.ts'
import { type CheckLevel, checkLevels } from '../../config/index.ts'
import { SopsError } from '../../errors.ts'
import { existsSync } from '../../system/index.ts'
import { counted } from '../../text/counted.ts'
import { quote } from '../../text/quote.ts'
import { baselineText, unknownTo } from '../check/baseline.ts'
import { fixFindings } from '../check/fix.ts'
import { type CheckFlag, checkFlags, type FormName, forms } from '../check/flags.ts'
import { countsOf, type ShownFinding } from '../check/form.ts'
import { openedDrafts } from '../check/opened.ts'
import { writeReport } from '../check/report.ts'
import { openScope, type Scope } from '../check/scope.ts'
import { type Command, command } from '../command.ts'
import type { Invocation, Io } from '../invocation.ts'
import { shownPath } from '../many/report.ts'
import { absolutePath } from '../settings.ts'

type Given = Invocation<CheckFlag>

/** Could not be done; 1 is for findings. */
const undone = 2

export const check: Command = command({
  args: '[FILE...]',
  flags: checkFlags,
  examples: [
    'sops check',
    'sops check --staged',
    'sops check --changed=origin/main --format sarif > sops.sarif',
    'sops check --rule clear-secret=error prod',
    'sops check --verify --leaks',
  ],
  root: ['config'],
  misuse: undone,
  run,
})

/** Exit status: 0 where nothing is an error, 1 for findings that are, 2 where the check could not be made. */
async function run(inv: Given, io: Io): Promise<number> {
  try {
    return await checked(inv, io)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    await io.fail(error)
    return undone
  }
}

async function checked(inv: Given, io: Io): Promise<number> {
  const form = formOf(inv)
  const levels = levelsOf(inv)
  const isNew = inv.given('baseline') ? await unknownTo(inv.string('baseline'), io) : () => true
  let all = await findingsOf(inv, io, levels)
  if (inv.bool('fix')) {
    const wanted = all.filter(isNew)
    await fixFindings(inv, io, wanted, await standingOf(inv, io, levels, wanted))
    all = await findingsOf(inv, io, levels)
  }
  const found = all.filter(isNew)
  if (inv.given('write-baseline')) {
    await io.write(absolutePath(io.ctx, inv.string('write-baseline')), Buffer.from(baselineText(found)))
    await io.done(`wrote ${counted(found.length, 'finding')} to ${inv.string('write-baseline')}`)
    return 0
  }
  const shown = found
    .filter(({ level }) => !inv.bool('quiet') || level === 'error')
    .map((finding): ShownFinding => ({ ...finding, name: shownPath(io, finding.path) }))
  await writeReport(form, shown, io)
  const counts = countsOf(found)
  if (!inv.bool('quiet') && form === 'text') await io.tell(summaryText(counts))
  const most = inv.int('max-warnings')
  return counts.errors > 0 || (most !== undefined && counts.warnings > most) ? 1 : 0
}

async function findingsOf(inv: Given, io: Io, levels: ChosenLevels): Promise<readonly CheckFinding[]> {
  const scope = await openScope(inv, io)
  try {
    const more = (sealed: readonly CheckedName[]): Promise<Found> => foundBeside(inv, io, scope, sealed)
    const { findings } = await checkFiles(scope.versions, { ...scope, ctx: io.ctx, levels, more })
    return findings
  } finally {
    scope.close()
  }
}

/** Of what was found in the index that which the work tree has, too: there it is mended. Undefined where the work tree was looked at. */
async function standingOf(
  inv: Given,
  io: Io,
  levels: ChosenLevels,
  wanted: readonly CheckFinding[],
): Promise<readonly CheckFinding[] | undefined> {
  if (!inv.bool('staged')) return undefined
  const names = [...new Set(wanted.map(({ path }) => path))].filter(existsSync).map((path) => shownPath(io, path))
  if (names.length === 0) return []
  const isOther = (name: string): boolean => name === 'staged'
  const bool: Given['bool'] = (name) => !isOther(name) && inv.bool(name)
  const given: Given['given'] = (name) => !isOther(name) && inv.given(name)
  const ids = new Set(wanted.map(fingerprintOf))
  const found = await findingsOf({ ...inv, bool, given, positionals: names }, io, levels)
  return found.filter((finding) => ids.has(fingerprintOf(finding)))
}

type Found = ReadonlyMap<string, readonly Fault[]>

/** What no file shows by itself: with keys, and of the clone. */
async function foundBeside(inv: Given, io: Io, scope: Scope, sealed: readonly CheckedName[]): Promise<Found> {
  const opens = inv.bool('verify') || inv.bool('leaks')
  const found = new Map(opens ? await openedDrafts(inv, io, scope, sealed) : [])
  if (scope.git && scope.isWhole) {
    const drafts = await checkGitSetup(scope.git, sealed)
    if (drafts.length > 0) found.set(join(scope.git.folder, '.gitattributes'), drafts)
  }
  return found
}

const summaryText = ({ errors, warnings, notes }: ReturnType<typeof countsOf>): string =>
  errors + warnings + notes === 0
    ? 'nothing found'
    : [counted(errors, 'error'), counted(warnings, 'warning'), counted(notes, 'note')].join(', ')

/** @throws SopsError `generic`. */
function formOf(inv: Given): FormName {
  const name = inv.string('format')
  if (inv.bool('json')) {
    if (name === '' || name === 'json') return 'json'
    throw new SopsError('generic', `--json and --format ${name} are two forms: give one of them`)
  }
  if (name === '') return 'text'
  const form = forms.find((one) => one === name)
  if (form !== undefined) return form
  throw new SopsError('generic', `--format ${quote(name)} is no form: ${forms.join(', ')}`)
}

/** @throws SopsError `generic`. */
function levelsOf(inv: Given): ChosenLevels {
  const levels: Record<string, CheckLevel> = {}
  for (const text of inv.list('rule')) {
    const [id = '', word = '', ...more] = text.split('=')
    refuseUnknown(id, `--rule ${text}`)
    const level = checkLevels.find((one) => one === word)
    if (level === undefined || more.length > 0)
      throw new SopsError('generic', `--rule ${quote(text)}: ${checkLevels.join(', ')} is wanted behind ${id}=`)
    levels[id] = level
  }
  return levels
}
