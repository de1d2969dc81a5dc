// `sops doctor`: what this machine has to open files with, and whether it can open given files. Changes nothing and shows no secrets.
import type { Config } from '../../config/index.ts'
import type { Context, LogLine } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { type Command, command } from '../command.ts'
import { examineConfig, examineNamedConfig } from '../doctor/config.ts'
import { examineFile } from '../doctor/file.ts'
import { findIdentities, isAmong, showIdentities } from '../doctor/machine.ts'
import { makeSheet, type Sheet } from '../doctor/sheet.ts'
import { bool } from '../flag.ts'
import { inputType, keyServices, networkKeys } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { checkVariable, localOnly } from '../local-only.ts'
import { choosingFlags } from '../many/flags.ts'
import { jsonText } from '../many/report.ts'
import { configFor, targetsOf } from '../many/targets.ts'
import { placedLines } from '../report.ts'
import { sayLines } from '../say.ts'
import { servicesOf } from '../settings.ts'

const json = bool('json', 'print the findings as JSON, for programs')

const flags = [json, inputType, networkKeys, ...keyServices, ...choosingFlags] as const
type Given = Invocation<(typeof flags)[number]>

export const doctor: Command = command({
  args: '[FILE...]',
  flags,
  examples: ['sops doctor', 'sops doctor secrets.yaml', 'sops doctor --json secrets/*.yaml', 'sops doctor --all'],
  root: ['config'],
  run,
})

const warningLines = ({ message, more = [], fields = {} }: LogLine): readonly string[] => [
  [message, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join(' '),
  ...more,
]

/** Advice and warnings from the examination are findings too, even when stderr is not a terminal. */
function showWarnings(warnings: readonly LogLine[], sheet: Sheet): void {
  if (warnings.length === 0) return
  sheet.heading('warnings')
  for (const warning of warnings) sheet.problem(warningLines(warning))
}

/** The configuration for a file that was found, which may not be the one in force here. */
async function nearest(inv: Given, io: Io, path: string, sheet: Sheet): Promise<Config | undefined> {
  try {
    return await configFor(inv, io, path)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    sheet.problem(placedLines(error), { hints: error.hints })
    return undefined
  }
}

/** Exit status: 0 if nothing needs fixing, else 1. */
async function run(inv: Given, io: Io): Promise<number> {
  checkVariable(inv, io.ctx)
  const sheet = makeSheet(io.style, io.host.env)
  const warnings: LogLine[] = []
  const ctx: Context = {
    ...io.ctx,
    log: (line) => {
      if (['advice', 'warning', 'error'].includes(line.level)) warnings.push(line)
      else io.ctx.log(line)
    },
    localOnly: localOnly(inv, io.ctx).ask,
  }
  ctx.watch?.({ what: 'looking for the keys of this machine' })
  const found = await findIdentities(ctx)
  const config = await examineConfig(sheet, inv, ctx, isAmong(found))
  const services = await servicesOf(inv, { ctx })
  const targets = await targetsOf(inv, io, 'encrypted')
  for (const [i, { name, path, named }] of targets.entries()) {
    io.within(targets.length > 1 ? `examining ${i + 1} of ${targets.length}: ${name}` : `examining ${name}`)
    if (await examineNamedConfig(name, io, ctx, sheet)) continue
    const own = async (): Promise<Config | undefined> => (named ? config : nearest(inv, io, path, sheet))
    await examineFile(name, { inv, io, ctx, config: own, services }, sheet)
  }
  io.within(undefined)
  showIdentities(found, sheet, ctx)
  showWarnings(warnings, sheet)
  const diagnosis = sheet.diagnosis()
  if (inv.bool('json')) await sayLines(io.host.stdout, jsonText(diagnosis, 2).split('\n'))
  else await sayLines(io.host.stdout, sheet.lines())
  return diagnosis.ok ? 0 : 1
}
