// The data key: made, wrapped for every recipient, and recovered by whichever recipient can (spec/keys.md 2, 11).
import { randomBytes } from 'node:crypto'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError, setIn } from '../errors.ts'
import type { KeyGroup, MasterKey, Unavailable } from '../keys/index.ts'
import { contextAtHand, distinctKeys, keyTypes, keyTypesInOrder, labelOf, refuseBare } from '../keys/index.ts'
import { quote } from '../text/quote.ts'
import { type Attempt, type Teller, tellOfDataKey, tellOfKeys, tellOfTrial } from './log.ts'
import { type KeyFailure, recoveryReport } from './report.ts'
import { combine, split } from './shamir.ts'

/** Who wraps and unwraps: this process, or a remote key service. */
export interface KeyService extends Teller {
  readonly name: string
  /** @throws SopsError with the cause. */
  wrap(key: MasterKey, dataKey: Uint8Array): Promise<string>
  /** The caller wipes the bytes. */
  unwrap(key: MasterKey, options?: UnwrapOptions): Promise<Uint8Array | Unavailable>
}

/** How one key is tried. */
export interface UnwrapOptions {
  /** Nobody is asked, and no program is started that may ask; what cannot be opened without is unavailable. */
  readonly atHand?: boolean
}

/** The key types, served by this process. */
export function localKeyService(ctx: Context): KeyService {
  let quiet: Context | undefined
  return {
    name: 'local',
    log: ctx.log,
    watch: ctx.watch,
    wrap: async (key, dataKey) => keyTypes[key.type].wrap(key, dataKey, ctx),
    unwrap: async (key, { atHand = false } = {}) => {
      const type = keyTypes[key.type]
      const reason = type.network ? await ctx.localOnly?.() : undefined
      if (reason !== undefined) return { unavailable: reason, untried: true }
      // Credentials for the network are never asked for, and are kept for the run.
      if (!atHand || type.network) return type.unwrap(key, ctx)
      quiet ??= contextAtHand(ctx)
      return type.unwrap(key, quiet)
    },
  }
}

const dataKeyLength = 32

/** 32 random bytes; the caller wipes them. */
export const newDataKey = (): Uint8Array => new Uint8Array(randomBytes(dataKeyLength))

/** The result of `use`; the data key is wiped afterwards, even when it fails. */
export async function wipedAfter<T>(dataKey: Uint8Array, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    dataKey.fill(0)
  }
}

/** What is not wrapped anew. */
interface WrapOptions {
  /** Recipients of a single group whose entries stay as they are: their `enc` already holds this data key, or they are bare. */
  readonly keep?: (key: MasterKey) => boolean
}

/** A key for which the data key was wrapped, or why it was not. */
interface WrapResult {
  readonly key: MasterKey
  readonly attempts: readonly Attempt[]
  readonly errors: readonly string[]
}

/** Key groups whose recipients all hold the data key, or a share of it, wrapped. */
export interface Wrapped {
  readonly groups: readonly KeyGroup[]
  /** Where 0 was asked for and there are several groups, their number. */
  readonly threshold: number
}

const unservedHint = 'leave out --enable-local-keyservice=false, or name a key service with --keyservice'

const wrapFailure = (
  errors: readonly string[],
  { hints = [], fault }: { readonly hints?: readonly string[]; readonly fault?: 'no recipients' } = {},
): SopsError =>
  new SopsError('generic', setIn(`Could not generate data key: [${errors.join(' ')}]`), {
    hints,
    details: { wrapErrors: errors, ...(fault ? { fault } : {}) },
  })

/** What to do about groups of which some have nobody who could open them. */
function emptyHint(groups: readonly KeyGroup[]): string {
  const empty = groups.flatMap(({ keys }, i) => (keys.every((key) => key.isBare) ? [i] : []))
  const which = groups.length === 1 ? 'there is no recipient' : `key group ${empty.join(' and ')} has no recipient`
  return `${which}: name at least one, for example an age recipient (age1…); sops keygen makes one`
}

/** The failures behind an error of `wrapDataKey`, to show under another headline; undefined for any other error. */
export const wrapErrors = (error: unknown): readonly string[] | undefined =>
  error instanceof SopsError ? error.details.wrapErrors : undefined

/**
 * Wraps the data key once for every recipient; each of several groups gets a Shamir share instead.
 * @throws SopsError `generic` naming every recipient that failed (spec/keys.md 2.1), or that is bare (`KeyRecord.isBare`) and not kept.
 */
export async function wrapDataKey(
  dataKey: Uint8Array,
  groups: readonly KeyGroup[],
  threshold: number,
  services: readonly KeyService[],
  options: WrapOptions = {},
): Promise<Wrapped> {
  if (services.length === 0)
    throw wrapFailure(['no key services provided, cannot update master keys'], { hints: [unservedHint] })
  if (groups.length === 0) throw wrapFailure(['no key groups provided'], { hints: [emptyHint([{ keys: [] }])] })
  const distinct = groups.map(({ keys }) => distinctKeys(keys))
  const isSingle = groups.length === 1
  const quorum = isSingle || threshold !== 0 ? threshold : groups.length
  const keeps = (key: MasterKey): boolean =>
    isSingle && (key.isBare === true || key.enc !== '') && options.keep?.(key) === true
  refuseBare(distinct.map((keys) => ({ keys: keys.filter((key) => !keeps(key)) })))
  if (!isSingle) {
    const fields = { parts: String(groups.length), quorum: String(quorum) }
    tellOfDataKey(services, 'Splitting data key with Shamir Secret Sharing', fields)
  }
  const parts = isSingle ? [dataKey] : await splitDataKey(dataKey, groups.length, quorum)
  try {
    if (distinct.some((keys) => keys.every((key) => key.isBare)))
      throw wrapFailure(['empty key group provided'], { hints: [emptyHint(groups)], fault: 'no recipients' })
    const counter = wrapCounter(distinct.flat().filter((key) => !keeps(key)))
    const wrapped = await Promise.all(
      distinct.map((keys, i) =>
        Promise.all(keys.map((key) => (keeps(key) ? asItWas(key) : wrapFor(key, parts[i]!, services, counter)))),
      ),
    )
    for (const { attempts } of wrapped.flat()) tellOfKeys('wrap', attempts)
    const errors = wrapped.flat().flatMap((result) => result.errors)
    if (errors.length > 0) throw wrapFailure(errors)
    return { groups: wrapped.map((results) => ({ keys: results.map(({ key }) => key) })), threshold: quorum }
  } finally {
    if (!isSingle) for (const part of parts) part.fill(0)
  }
}

async function splitDataKey(dataKey: Uint8Array, parts: number, threshold: number): Promise<Uint8Array[]> {
  try {
    return await split(dataKey, parts, threshold)
  } catch (error) {
    throw wrapFailure([`could not split data key into parts for Shamir: ${messageOf(error)}`])
  }
}

const asItWas = (key: MasterKey): WrapResult => ({ key, attempts: [], errors: [] })

/** Tells of the recipients that have not answered; all are asked at once. */
type WrapCounter = (key: MasterKey, service: KeyService, isAnswered: boolean) => void

function wrapCounter(keys: readonly MasterKey[]): WrapCounter {
  const waiting = new Set(keys)
  return (key, service, isAnswered) => {
    if (isAnswered) waiting.delete(key)
    const [next] = waiting
    if (next) tellOfTrial(service, next, { done: keys.length - waiting.size, total: keys.length, unit: 'recipients' })
  }
}

async function wrapFor(
  key: MasterKey,
  part: Uint8Array,
  services: readonly KeyService[],
  tell: WrapCounter,
): Promise<WrapResult> {
  const errors: string[] = []
  const attempts: Attempt[] = []
  for (const service of services) {
    try {
      tell(key, service, false)
      const enc = await service.wrap(key, part)
      attempts.push({ key, service, isDone: true })
      return { key: { ...key, enc }, attempts, errors: [] }
    } catch (error) {
      attempts.push({ key, service, isDone: false })
      errors.push(`failed to encrypt new data key with master key ${quote(labelOf(key))}: ${messageOf(error)}`)
    } finally {
      tell(key, service, true)
    }
  }
  return { key, attempts, errors }
}

/** Types that are tried first by default. */
const defaultOrder: readonly string[] = keyTypesInOrder('open').map(({ id }) => id)

/**
 * Names of key types, in the order in which they are tried; an empty text means the default.
 * @throws SopsError `duplicate-decryption-key-type`.
 */
export function parseDecryptionOrder(text: string): string[] {
  if (text === '') return [...defaultOrder]
  const names = text.split(',')
  names.forEach((name, at) => {
    if (names.indexOf(name) !== at) {
      throw new SopsError('duplicate-decryption-key-type', `Duplicate decryption key type: ${name}`, {
        hints: ['name each type once, in the order in which they are to be tried: --decryption-order age,pgp'],
      })
    }
  })
  return names
}

/** Stable. Without an order: the default one, then keys that need no network, then the rest; otherwise the order alone. */
function sorted(keys: readonly MasterKey[], order: readonly string[] | undefined): MasterKey[] {
  const names = order ?? defaultOrder
  const rank = (key: MasterKey): number => {
    const at = names.indexOf(key.type)
    if (at >= 0) return at
    return names.length + (order === undefined && keyTypes[key.type].network === true ? 1 : 0)
  }
  return [...keys].sort((a, b) => rank(a) - rank(b))
}

type GroupResult = { readonly attempts: readonly Attempt[] } & (
  | { readonly part: Uint8Array; readonly key: MasterKey }
  | { readonly failures: readonly KeyFailure[] }
)

/** The short form of a `no-data-key` error (spec/keys.md 2.3). */
export function shortRecoveryText(error: SopsError): string {
  const { groups } = error.details
  return groups === undefined
    ? error.message
    : `Error getting data key: ${groups.required} successful groups required, got ${groups.recovered}`
}

/** How the keys of a file are tried. */
interface RecoverOptions {
  /** Key types, in the order in which a group's keys are tried. */
  readonly order?: readonly string[]
  /** Called for each recipient that unwrapped its part. */
  readonly unwrapped?: (key: MasterKey) => void
}

const doctorHint = 'sops doctor FILE says which keys of this machine were looked for, and where'

/**
 * The data key, from the first recipient of each group that opens. Every group is tried. The caller wipes the result.
 * @throws SopsError `no-data-key` with the report of spec/cli.md 3.5.
 */
export async function recoverDataKey(
  groups: readonly KeyGroup[],
  threshold: number,
  services: readonly KeyService[],
  options: RecoverOptions = {},
): Promise<Uint8Array> {
  let results: readonly GroupResult[] = []
  let parts: Uint8Array[] = []
  let isKept = false
  try {
    results = await recoverParts(
      groups.map((group) => sorted(group.keys, options.order)),
      services,
    )
    for (const { attempts } of results) tellOfKeys('unwrap', attempts)
    for (const result of results) if ('key' in result) options.unwrapped?.(result.key)
    parts = results.flatMap((result) => ('part' in result ? [result.part] : []))
    const required = groups.length === 1 ? 1 : threshold
    if (parts.length < required) {
      throw new SopsError('no-data-key', recoveryReport(results, threshold, parts.length), {
        hints: services.length === 0 ? [unservedHint] : [doctorHint],
        details: { groups: { required: threshold, recovered: parts.length } },
      })
    }
    const dataKey = groups.length === 1 ? parts[0]! : await combineParts(parts, results, threshold)
    isKept = groups.length === 1
    tellOfDataKey(services, 'Data key recovered successfully')
    return dataKey
  } finally {
    if (!isKept) for (const result of results) if ('part' in result) result.part.fill(0)
  }
}

async function combineParts(
  parts: readonly Uint8Array[],
  results: readonly GroupResult[],
  threshold: number,
): Promise<Uint8Array> {
  if (parts.length === 0) {
    throw new SopsError('no-data-key', recoveryReport(results, threshold, 0), {
      hints: [doctorHint],
      details: { groups: { required: threshold, recovered: 0 } },
    })
  }
  try {
    return await combine(parts)
  } catch (error) {
    throw new SopsError('no-data-key', `could not get data key from shamir parts: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** How many requests are under way at a time. */
const atOnce = 8

/**
 * One result for each list of keys. Keys that need no network are tried one by one, since they may ask for passphrases; the lists that still
 * need the network are then tried in parallel.
 */
async function recoverParts(
  lists: readonly (readonly MasterKey[])[],
  services: readonly KeyService[],
): Promise<readonly GroupResult[]> {
  const results: GroupResult[] = []
  const waiting: { readonly at: number; readonly keys: readonly MasterKey[] }[] = []
  for (const [at, keys] of lists.entries()) {
    const local = keys.slice(0, keys.findLastIndex((key) => keyTypes[key.type].network !== true) + 1)
    const result = await recoverPart(local, services)
    results.push(result)
    if ('failures' in result && local.length < keys.length) waiting.push({ at, keys: keys.slice(local.length) })
  }
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const result = await recoverPart(one.keys, services)
      const earlier = results[one.at]!
      const isFailed = 'failures' in result && 'failures' in earlier
      const attempts = [...earlier.attempts, ...result.attempts]
      results[one.at] = isFailed
        ? { attempts, failures: [...earlier.failures, ...result.failures] }
        : { ...result, attempts }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, next))
  return results
}

/** Keys wrap a data key, or a share of one, which is a byte longer. Anything else was tampered with. */
const isSecret = ({ length }: Uint8Array): boolean => length === dataKeyLength || length === dataKeyLength + 1

/** The first secret that a key gives. */
async function recoverPart(keys: readonly MasterKey[], services: readonly KeyService[]): Promise<GroupResult> {
  const failures: KeyFailure[] = []
  const attempts: Attempt[] = []
  for (const [i, key] of keys.entries()) {
    const errors: string[] = []
    for (const service of services) {
      let isDone = false
      try {
        tellOfTrial(service, key, keys.length > 1 ? { done: i + 1, total: keys.length, unit: 'keys' } : {})
        const result = await service.unwrap(key)
        if (!(result instanceof Uint8Array)) errors.push(result.unavailable)
        else if (isSecret(result)) {
          isDone = true
          return { attempts, part: result, key }
        } else {
          errors.push(`it opens to ${result.length} bytes, which are no data key`)
          result.fill(0)
        }
      } catch (error) {
        errors.push(messageOf(error))
      } finally {
        attempts.push({ key, service, isDone })
      }
    }
    failures.push({ label: labelOf(key), errors })
  }
  return { attempts, failures }
}
