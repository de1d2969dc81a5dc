// Tells which secret OpenPGP keys are at hand: those given in variables, and those gpg knows.

import type { Context } from '../../context/index.ts'
import { messageOf } from '../../errors.ts'
import { existsSync } from '../../system/index.ts'
import type { IdentityPlace } from '../types.ts'
import { homeOfGpg } from './listing.ts'
import { programName, runGpg } from './program.ts'
import { rings } from './ring.ts'

async function given(ctx: Context): Promise<IdentityPlace> {
  const place = 'SOPS_PGP_KEY, SOPS_PGP_KEY_FILE'
  try {
    const ring = await rings.given(ctx)
    if (!ring) return { place, found: [], problems: [] }
    const secret = ring.keys.filter((key) => key.isPrivate())
    return { place, found: secret.map((key) => key.getFingerprint().toUpperCase()), problems: ring.errors }
  } catch (error) {
    return { place, found: [], problems: [messageOf(error)] }
  }
}

/** The primary keys' fingerprints in a listing for programs, each with what is wrong with the key. */
function fingerprints(listing: string): string[] {
  const found: string[] = []
  let validity: string | undefined
  for (const line of listing.split('\n')) {
    const fields = line.split(':')
    if (fields[0] === 'sec') validity = fields[1] ?? ''
    else if (fields[0] === 'ssb') validity = undefined
    else if (fields[0] === 'fpr' && validity !== undefined) {
      const fault = validity === 'e' ? ' (expired)' : validity === 'r' ? ' (revoked)' : ''
      found.push(`${fields[9] ?? ''}${fault}`)
      validity = undefined
    }
  }
  return found
}

async function fromGpg(ctx: Context): Promise<IdentityPlace> {
  const name = programName(ctx)
  const home = homeOfGpg(ctx)
  const place = `${name} (${home})`
  // gpg would create the folder.
  if (!existsSync(home)) return { place, found: [], problems: [] }
  const run = await runGpg(['--batch', '--with-colons', '--list-secret-keys'], '', ctx)
  if (!run) return { place, found: [], problems: [`${name} is not installed`] }
  const found = fingerprints(run.stdout.toString('latin1'))
  return { place, found, problems: run.ok ? [] : [run.stderr] }
}

/** What could open a data key, in the order in which it is tried. */
export const places = async (ctx: Context): Promise<readonly IdentityPlace[]> => [await given(ctx), await fromGpg(ctx)]
