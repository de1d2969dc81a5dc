// What gpg knows of public keys: how long they are, and until when they can be used. Nothing is looked for elsewhere, and nothing is written.
import { join, resolve } from 'node:path'
import type { Context } from '../../context/index.ts'
import { existsSync } from '../../system/index.ts'
import { runGpg } from './program.ts'

/** A public key of GnuPG, or what of it counts for a recipient. */
export interface PgpFacts {
  /** Of the shortest RSA key among the primary key and those that it is encrypted to; undefined without any. */
  readonly rsaBits: number | undefined
  /** Since when nobody can encrypt to it; undefined where that is not over. */
  readonly expired: Date | undefined
}

/** Where gpg has its files. */
export const homeOfGpg = ({ env, cwd, home }: Context): string =>
  env.GNUPGHOME ? resolve(cwd, env.GNUPGHOME) : join(home ?? '/', '.gnupg')

const rings = ['pubring.kbx', 'pubring.gpg', 'public-keys.d']
/** It neither asks, nor makes or changes files. */
const quietly = ['--batch', '--no-tty', '--lock-never', '--no-auto-check-trustdb', '--trust-model', 'always']
/** Fingerprints and key ids: other texts gpg would compare with names and addresses. */
const keyId = /^(?:0x)?((?:[0-9A-F]{8}){1,8})!?$/i
/** Keys in one call: arguments have a limit, and so has what runs print. */
const atOnce = 500

const idOf = (fingerprint: string): string | undefined => keyId.exec(fingerprint)?.[1]?.toUpperCase()

/** By the fingerprints that are asked for; those that gpg does not have, or there is no gpg, are left out. */
export async function pgpFacts(fingerprints: readonly string[], ctx: Context): Promise<ReadonlyMap<string, PgpFacts>> {
  const found = new Map<string, PgpFacts>()
  const home = homeOfGpg(ctx)
  const ids = [...new Set(fingerprints.map(idOf).filter((id) => id !== undefined))]
  // gpg would make the files that it lacks.
  if (ids.length === 0 || !rings.some((name) => existsSync(join(home, name)))) return found
  const keys: ListedKey[] = []
  for (let at = 0; at < ids.length; at += atOnce) {
    const args = [...quietly, '--with-colons', '--list-keys', '--', ...ids.slice(at, at + atOnce)]
    const run = await runGpg(args, '', ctx)
    for (const key of listedKeys(run?.stdout.toString('latin1') ?? '')) keys.push(key)
  }
  for (const fingerprint of fingerprints) {
    const id = idOf(fingerprint)
    const key = id === undefined ? undefined : keys.find(({ parts }) => parts.some((part) => part.id.endsWith(id)))
    if (key) found.set(fingerprint, factsOf(key, ctx.now()))
  }
  return found
}

/** A primary key or a subkey. */
interface Part {
  readonly isPrimary: boolean
  readonly isRevoked: boolean
  readonly rsaBits: number | undefined
  readonly expires: Date | undefined
  readonly canEncrypt: boolean
  id: string
}

interface ListedKey {
  readonly parts: Part[]
}

/** Records for programs (doc/DETAILS of GnuPG): `pub` and `sub`, each with an `fpr` behind it. */
function listedKeys(listing: string): readonly ListedKey[] {
  const keys: ListedKey[] = []
  for (const line of listing.split(/\r?\n/)) {
    const fields = line.split(':')
    const [type] = fields
    const parts = keys.at(-1)?.parts
    if (type === 'pub') keys.push({ parts: [partOf(fields)] })
    else if (type === 'sub') parts?.push(partOf(fields))
    else if (type === 'fpr' && parts?.at(-1)?.id === '') parts.at(-1)!.id = fields[9] ?? ''
  }
  return keys
}

function partOf(fields: readonly string[]): Part {
  const [type, validity, bits, algorithm = '', , , expires = '', , , , , can = ''] = fields
  return {
    isPrimary: type === 'pub',
    isRevoked: validity === 'r',
    rsaBits: /^[123]$/.test(algorithm) ? Number(bits) : undefined,
    expires: dateOf(expires),
    canEncrypt: can.includes('e'),
    id: '',
  }
}

/** Seconds since 1970, or `20270131T120000`. */
function dateOf(text: string): Date | undefined {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z')
  const date = new Date(iso === text ? Number(text) * 1000 : iso)
  return text === '' || Number.isNaN(date.getTime()) ? undefined : date
}

/** Who has the primary key can make another key for it; of the subkeys those count that gpg would encrypt to. */
function factsOf({ parts }: ListedKey, now: Date): PgpFacts {
  const isOver = ({ expires }: Part): boolean => expires !== undefined && expires <= now
  const primary = parts.filter(({ isPrimary }) => isPrimary)
  const subkeys = parts.filter((part) => part.canEncrypt && !part.isRevoked && !part.isPrimary)
  const usable = subkeys.filter((part) => !isOver(part))
  const bits = [...primary, ...usable].flatMap(({ rsaBits }) => rsaBits ?? [])
  // Of several subkeys the last to end.
  const last = subkeys.map(({ expires }) => expires).sort((a, b) => Number(b) - Number(a))[0]
  const over = primary.find(isOver)?.expires ?? (subkeys.length > 0 && usable.length === 0 ? last : undefined)
  return { rsaBits: bits.toSorted((a, b) => a - b)[0], expired: over }
}
