// Whether the entries of a key group hold the same data key: one from another file or version must not be passed on as if it belonged here.
import { timingSafeEqual } from 'node:crypto'
import { SopsError } from '../errors.ts'
import type { KeyGroup, MasterKey } from '../keys/index.ts'
import { keyTypes, namesOf } from '../keys/index.ts'
import type { KeyService } from './data-key.ts'
import { tellOfTrial } from './log.ts'

/** What entries are compared with, and which of them. */
export interface CompareOptions {
  /** What a single group must open to, and the entries that opened to it. */
  readonly dataKey?: Uint8Array
  readonly openedBy?: readonly MasterKey[]
  /**
   * Network keys to open as well. A call is worth it where the entry is kept as it is; otherwise, that a file names a key is no reason to use
   * this machine's credentials.
   */
  readonly network?: (key: MasterKey) => boolean
}

interface Opened {
  readonly key: MasterKey
  readonly part: Uint8Array
}

/**
 * Opens every entry that can be opened with what is at hand, and compares the entries of each group. Nobody is asked for anything; nor are remote
 * key services, which may ask somebody. Entries that stay closed are passed over.
 * @throws SopsError `generic` naming two entries that hold different data keys, or shares of different ones.
 */
export async function refuseMixedKeys(
  groups: readonly KeyGroup[],
  services: readonly KeyService[],
  { dataKey, openedBy = [], network = () => false }: CompareOptions = {},
): Promise<void> {
  const here = services.filter(({ remote }) => remote !== true)
  const isOpened = (key: MasterKey): boolean =>
    key.enc !== '' && !key.isBare && (keyTypes[key.type].network !== true || (network(key) && !openedBy.includes(key)))
  for (const { keys } of groups) {
    const opened = await openAll(keys.filter(isOpened), here)
    try {
      refuseDifferent(opened, groups.length === 1 ? dataKey : undefined, openedBy)
    } finally {
      for (const { part } of opened) part.fill(0)
    }
  }
}

/** How many requests are under way at a time. */
const atOnce = 8

async function openAll(keys: readonly MasterKey[], services: readonly KeyService[]): Promise<readonly Opened[]> {
  const opened: (Opened | undefined)[] = keys.map(() => undefined)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < keys.length) {
      const at = next++
      opened[at] = await openOne(keys[at]!, services)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, keys.length) }, work))
  return opened.filter((one) => one !== undefined)
}

async function openOne(key: MasterKey, services: readonly KeyService[]): Promise<Opened | undefined> {
  for (const service of services) {
    tellOfTrial(service, key)
    const part = await service.unwrap(key, { atHand: true }).catch(() => undefined)
    if (part instanceof Uint8Array) return { key, part }
  }
  return undefined
}

function refuseDifferent(
  opened: readonly Opened[],
  dataKey: Uint8Array | undefined,
  openedBy: readonly MasterKey[],
): void {
  const expected = dataKey ?? opened[0]?.part
  if (expected === undefined) return
  const other = opened.find(({ part }) => !isSame(part, expected))
  if (other === undefined) return
  const own = opened.find(({ part }) => isSame(part, expected))?.key
  const names = namesOf([...(own ? [own] : openedBy), other.key])
  throw new SopsError(
    'generic',
    `the entries of ${names} do not open to the same data key: one is of another file or version`,
    {
      hints: [
        'nothing is written: whoever gets a data key could read everything that is encrypted with it',
        'see in the history of the file where the entries come from, and take out the one that is not its own',
      ],
    },
  )
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)
