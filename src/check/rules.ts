// The table of the rules of `sops check` (ids, how loud each is unless something else is said, what it finds).
import type { CheckLevel } from '../config/index.ts'

interface RuleRow {
  readonly id: string
  readonly level: CheckLevel
  /** What it finds, for people: goes on after the id. */
  readonly summary: string
}

const table = [
  { id: 'plaintext-file', level: 'error', summary: 'a file that must be encrypted is not' },
  { id: 'plaintext-value', level: 'error', summary: 'a value of an encrypted file that must be encrypted is not' },
  { id: 'broken-metadata', level: 'error', summary: 'the sops block of a file is damaged or incomplete' },
  { id: 'malformed-value', level: 'error', summary: 'an encrypted value is damaged' },
  { id: 'conflict-markers', level: 'error', summary: 'an encrypted file is in the middle of a merge' },
  { id: 'duplicate-key', level: 'error', summary: 'a map of an encrypted file has a key more than once' },
  { id: 'recipients', level: 'error', summary: 'the recipients of a file are not those of its creation rule' },
  { id: 'shared-data-key', level: 'warn', summary: 'two files have one data key: one is a copy of the other' },
  { id: 'nothing-encrypted', level: 'error', summary: 'an encrypted file has values, and none of them is encrypted' },
  { id: 'unused-rule', level: 'warn', summary: 'a creation rule is not the first to match any file' },
  { id: 'bad-regex', level: 'error', summary: 'an expression does not compile' },
  { id: 'unmatched-file', level: 'warn', summary: 'no creation rule is for an encrypted file' },
  { id: 'clear-secret', level: 'warn', summary: 'a value in clear looks like a secret' },
  { id: 'private-key', level: 'error', summary: 'a private key stands in clear' },
  { id: 'single-recipient', level: 'info', summary: 'a file has one recipient, or fewer than its policy asks for' },
  { id: 'weak-recipient', level: 'warn', summary: 'a recipient is an RSA key of less than 2048 bits' },
  { id: 'recipient-expired', level: 'error', summary: 'a recipient of a file has expired' },
  { id: 'data-key-age', level: 'warn', summary: 'a data key is older than its policy allows' },
  { id: 'value-age', level: 'warn', summary: 'a value is older than its policy allows' },
  { id: 'exposed-value', level: 'warn', summary: 'a value has been seen by a revoked recipient' },
  { id: 'key-drift', level: 'off', summary: 'files of one group have different keys' },
  { id: 'git-setup', level: 'info', summary: 'Git does not know how to show encrypted files' },
  { id: 'plaintext-history', level: 'warn', summary: 'the history of a file has values in clear' },
  { id: 'leaked-value', level: 'error', summary: 'a value of an encrypted file stands in clear in another file' },
  { id: 'mac', level: 'error', summary: 'a file does not open' },
] as const

export type RuleId = (typeof table)[number]['id']

export const rules: readonly (RuleRow & { readonly id: RuleId })[] = table

export const ruleIds: readonly RuleId[] = rules.map(({ id }) => id)

export const isRuleId = (text: string): text is RuleId => (ruleIds as readonly string[]).includes(text)

export const defaultLevels: Readonly<Record<RuleId, CheckLevel>> = Object.fromEntries(
  rules.map(({ id, level }) => [id, level]),
) as Record<RuleId, CheckLevel>
