// `sops doctor`: what this machine has to open files with, and whether it can open given files. Changes nothing and shows no secrets.
import type { Context, LogLine } from '../../context/index.ts'
import { type Command, command } from '../command.ts'
import { examineConfig, examineNamedConfig } from '../doctor/config.ts'
import { examineFile } from '../doctor/file.ts'
import { findIdentities, isAmong, showIdentities } from '../doctor/machine.ts'
import { makeSheet, type Sheet } from '../doctor/sheet.ts'
import { bool } from '../flag.ts'
import { inputType, keyServices, networkKeys } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { checkVariable, localOnly } from '../local-only.ts'
import { sayLines } from '../say.ts'
import { servicesOf } from '../settings.ts'

const json = bool('json', 'print the findings as JSON, for programs')

const flags = [json, inputType, networkKeys, ...keyServices] as const

export const doctor: Command = command({
  args: '[FILE...]',
  flags,
  examples: ['sops doctor', 'sops doctor secrets.yaml', 'sops doctor --json secrets/*.yaml'],
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

/** Nothing in it can steer a terminal. */
const jsonText = (data: unknown): string =>
  JSON.stringify(data, undefined, 2).replace(/(?!\n)[\p{C}\p{DI}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  )

/** Exit status: 0 if nothing needs fixing, else 1. */
async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
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
  const names = inv.positionals
  for (const [i, name] of names.entries()) {
    io.within(names.length > 1 ? `examining ${i + 1} of ${names.length}: ${name}` : `examining ${name}`)
    if (await examineNamedConfig(name, io, ctx, sheet)) continue
    await examineFile(name, { inv, io, ctx, config, services }, sheet)
  }
  io.within(undefined)
  showIdentities(found, sheet, ctx)
  showWarnings(warnings, sheet)
  const diagnosis = sheet.diagnosis()
  if (inv.bool('json')) await sayLines(io.host.stdout, jsonText(diagnosis).split('\n'))
  else await sayLines(io.host.stdout, sheet.lines())
  return diagnosis.ok ? 0 : 1
}
