// Who can open a file: against its creation rule, its policy, and what is known of the recipients.
import type { Config, RecipientNames } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { isChange, isReordered, keyChanges } from '../groups/index.ts'
import { distinctKeys, type KeyGroup, labelOf, type MasterKey } from '../keys/index.ts'
import { counted } from '../text/counted.ts'
import { listed } from '../text/listed.ts'
import type { SealedVersion } from './checked-file.ts'
import { type Fault, fileWords } from './finding.ts'
import type { FilePolicy } from './policy.ts'

/** What is known of a configuration, looked at once for all its files. */
export interface RecipientFacts {
  readonly nameOf: RecipientNames
  readonly policyOf: (path: string) => FilePolicy
  /** The groups of the rule that is for a file. @throws SopsError `generic` for keys that cannot be parsed. */
  readonly groupsOf: (rule: NonNullable<SealedVersion['rule']>) => Promise<readonly KeyGroup[]>
  /** Today, as `2027-01-31`. */
  readonly today: string
}

export async function checkRecipients(version: SealedVersion, facts: RecipientFacts): Promise<readonly Fault[]> {
  const keys = distinctKeys(version.file.metadata.keyGroups.flatMap((group) => group.keys))
  const policy = facts.policyOf(version.path)
  return [
    ...(await ruleDrafts(version, facts)),
    ...(await requiredDrafts(keys, policy, facts)),
    ...numberDrafts(keys, policy),
    ...weakDrafts(keys),
    ...(await expiredDrafts(keys, version.config, facts)),
  ]
}

async function ruleDrafts(
  { file, rule, name, config }: SealedVersion,
  facts: RecipientFacts,
): Promise<readonly Fault[]> {
  if (rule === undefined) return []
  const { shamirThreshold } = file.metadata
  // One without a wrapped data key is a finding of its own.
  const keyGroups = file.metadata.keyGroups.map(({ keys }) => ({
    keys: keys.map(({ isBare: _, ...key }) => key),
  }))
  const wanted = await facts.groupsOf(rule)
  const changes = keyChanges(keyGroups, shamirThreshold, wanted, rule.shamirThreshold)
  const fix = `sops updatekeys ${fileWords(name, config)}`
  if (isChange(changes)) {
    const named = await namesByLabel([...keyGroups, ...wanted], facts.nameOf)
    return [
      {
        rule: 'recipients',
        message: `its recipients are not those of ${rule.name}: ${changesText(changes, named)}`,
        fix,
      },
    ]
  }
  return isReordered(keyGroups, wanted)
    ? [
        {
          rule: 'recipients',
          level: 'warning',
          message: `its recipients stand in another order than in ${rule.name}`,
          fix,
        },
      ]
    : []
}

async function namesByLabel(groups: readonly KeyGroup[], nameOf: RecipientNames): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const key of groups.flatMap(({ keys }) => keys)) {
    const name = await nameOf(key)
    if (name !== undefined) names.set(labelOf(key), name)
  }
  return names
}

/** `it lacks a, b; it has c beyond them; its threshold is 2, not 3`. */
function changesText(
  { groups, oldThreshold, newThreshold }: ReturnType<typeof keyChanges>,
  names: ReadonlyMap<string, string>,
): string {
  const shown = (labels: readonly string[]): string =>
    listed([...new Set(labels)].map((label) => names.get(label) ?? label))
  const [added, removed] = [groups.flatMap((group) => group.added), groups.flatMap((group) => group.removed)]
  return [
    ...(added.length > 0 ? [`it lacks ${shown(added)}`] : []),
    ...(removed.length > 0 ? [`it has ${shown(removed)} beyond them`] : []),
    ...(oldThreshold !== newThreshold ? [`its threshold is ${oldThreshold}, not ${newThreshold}`] : []),
  ].join('; ')
}

async function requiredDrafts(
  keys: readonly MasterKey[],
  { required_recipients: required = [] }: FilePolicy,
  { nameOf }: RecipientFacts,
): Promise<readonly Fault[]> {
  if (required.length === 0) return []
  const known = new Set((await Promise.all(keys.map(async (key) => [labelOf(key), await nameOf(key)]))).flat())
  const missing = required.filter((name) => !known.has(name))
  return missing.length === 0
    ? []
    : [{ rule: 'recipients', message: `its policy requires ${listed(missing)} among its recipients` }]
}

function numberDrafts(keys: readonly MasterKey[], { min_recipients: least }: FilePolicy): readonly Fault[] {
  const { length } = keys
  if (least !== undefined && length < least)
    return [
      {
        rule: 'single-recipient',
        level: 'error',
        message: `it has ${counted(length, 'recipient')}, and its policy asks for ${least}`,
      },
    ]
  return length === 1
    ? [{ rule: 'single-recipient', message: 'it has one recipient: if that key is lost, so is all that is in it' }]
    : []
}

/** In bits. */
const weakest = 2048

function weakDrafts(keys: readonly MasterKey[]): readonly Fault[] {
  return keys.flatMap((key) => {
    const bits = key.type === 'age' ? sshRsaBits(labelOf(key)) : undefined
    return rsaDrafts(labelOf(key), bits)
  })
}

/** @param bits undefined of what is no RSA key. */
export const rsaDrafts = (name: string, bits: number | undefined): readonly Fault[] =>
  bits === undefined || bits >= weakest
    ? []
    : [{ rule: 'weak-recipient', message: `its recipient ${name} is an RSA key of ${bits} bits` }]

/** The length of the modulus of `ssh-rsa BASE64` (RFC 4253 6.6): a name, an exponent and a modulus, each behind its length. */
function sshRsaBits(recipient: string): number | undefined {
  const bytes = Buffer.from(/^ssh-rsa\s+(\S+)/.exec(recipient)?.[1] ?? '', 'base64')
  let at = 0
  let part: Buffer = Buffer.alloc(0)
  for (let i = 0; i < 3; i++) {
    if (at + 4 > bytes.length) return undefined
    const length = bytes.readUInt32BE(at)
    part = bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  const first = part.findIndex((byte) => byte !== 0)
  return first < 0 ? undefined : (part.length - first) * 8 - Math.clz32(part[first]!) + 24
}

async function expiredDrafts(
  keys: readonly MasterKey[],
  config: Config | undefined,
  { nameOf, today }: RecipientFacts,
): Promise<readonly Fault[]> {
  const named = config?.own.recipients ?? {}
  const drafts: Fault[] = []
  for (const key of keys) {
    const name = await nameOf(key)
    const expires = name === undefined ? undefined : named[name]?.expires
    if (expires !== undefined && expires < today)
      drafts.push({ rule: 'recipient-expired', message: `its recipient ${name} expired on ${expires}` })
  }
  return drafts
}

export const todayOf = ({ now }: Pick<Context, 'now'>): string => now().toISOString().slice(0, 10)
