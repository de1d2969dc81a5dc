// Who may not open anything any more, as `x-sops-ts.revoked` says.
import { type Config, recipientNames } from '../../config/index.ts'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { MasterKey } from '../../keys/index.ts'
import { quote } from '../../text/quote.ts'

/** Those who are revoked today; by what the configuration calls them. */
export interface Revoked {
  /** Which of them are among some recipients. */
  among(recipients: readonly MasterKey[]): Promise<readonly string[]>
  /** Since when, and whether what they have seen should be gone by now. */
  readonly entries: ReadonlyMap<string, { readonly at: string; readonly isOverdue: boolean }>
}

/** In days, where `revoke_grace` does not say otherwise. */
const usualGrace = 14

/**
 * Undefined where nobody is.
 * @param today as `2027-01-31`.
 * @throws SopsError `generic` for a name that nobody has.
 */
export function revokedRecipients(config: Config | undefined, today: string, ctx: Context): Revoked | undefined {
  const { revoked = [], revoke_grace: grace = usualGrace, recipients: named = {} } = config?.own ?? {}
  const entries = new Map<string, { at: string; isOverdue: boolean }>()
  for (const { who, at } of revoked) {
    if (!Object.hasOwn(named, who) && !looksLikeRecipient(who)) throw unknownName(who, config!)
    // Who came back and went again has until the end of the later grace.
    if (at <= today && at > (entries.get(who)?.at ?? ''))
      entries.set(who, { at, isOverdue: daysAfter(at, grace) < today })
  }
  if (config === undefined || entries.size === 0) return undefined
  const recipients = Object.fromEntries([...entries.keys()].map((who) => [who, { key: named[who]?.key ?? who }]))
  const nameOf = recipientNames({ ...config, own: { recipients } }, ctx)
  return {
    entries,
    among: async (keys) => {
      const names = await Promise.all(keys.map(nameOf))
      return [...new Set(names)].filter((name) => name !== undefined)
    },
  }
}

/** An age or SSH recipient, a fingerprint, an ARN, a URL, a resource: none of them could be the name of a person. */
const looksLikeRecipient = (text: string): boolean => /[:/]|^age1|^ssh-|^(?:0x)?[0-9a-f\s]{16,}$/i.test(text)

const unknownName = (who: string, { file }: Config): SopsError =>
  new SopsError(
    'generic',
    `x-sops-ts.revoked in ${file.path}: ${quote(who)} is nobody that x-sops-ts.recipients names`,
    {
      hints: ['keep the name there for as long as it is revoked, or write the recipient itself'],
    },
  )

const dayLength = 24 * 60 * 60 * 1000

const daysAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * dayLength).toISOString().slice(0, 10)
