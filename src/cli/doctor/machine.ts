// What `sops doctor` says about this machine: identities, credentials and the configuration in force.
import type { Config } from '../../config/index.ts'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { IdentityPlace } from '../../keys/index.ts'
import { keyTypes } from '../../keys/index.ts'
import type { Invocation } from '../invocation.ts'
import { configOf } from '../settings.ts'
import { credentialsOf } from './credentials.ts'
import type { Sheet } from './sheet.ts'

function showPlace({ place, found, problems }: IdentityPlace, sheet: Sheet): void {
  if (found.length === 0 && problems.length === 0) sheet.line(`${place}: none`)
  else sheet.line(`${place}:`)
  for (const identity of found) sheet.line(identity, 2)
  for (const problem of problems) sheet.problem(problem, 2)
}

export async function examineIdentities(sheet: Sheet, ctx: Context): Promise<void> {
  let count = 0
  for (const type of Object.values(keyTypes)) {
    if (type.places === undefined) continue
    const places = await type.places(ctx)
    sheet.heading(`${type.id} identities`)
    for (const place of places) showPlace(place, sheet)
    count += places.reduce((sum, { found }) => sum + found.length, 0)
  }
  sheet.heading('credentials of cloud keys')
  for (const type of Object.values(keyTypes)) {
    const credentials = credentialsOf(type, ctx)
    if (credentials === undefined) continue
    sheet.line(`${type.id}: ${credentials.length === 0 ? 'none' : credentials.join(', ')}`)
    count += credentials.length
  }
  if (count === 0) sheet.line('there is nothing here that could open a file; sops keygen makes an age identity')
}

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** The configuration; undefined, with a finding, if there is none or it cannot be used. */
export async function examineConfig(sheet: Sheet, inv: Invocation<never>, ctx: Context): Promise<Config | undefined> {
  sheet.heading('configuration')
  try {
    const config = await configOf(inv, ctx)
    if (config === undefined) {
      sheet.line(`no .sops.yaml in ${ctx.cwd} or above it`)
      return undefined
    }
    const rules = config.creationRules
    sheet.good(`${config.file.absolutePath}: ${rules ? countOf(rules.length, 'creation rule') : 'no creation rules'}`)
    return config
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    sheet.problem(error.lines, 1, error.hints)
    return undefined
  }
}
