// What `sops doctor --json` prints. Programs read it: fields may be added, none is removed or changes its meaning (schema/doctor.json).

export interface ReportedFinding {
  readonly kind: 'problem' | 'remark'
  /** The file it is about, as the user named it; a configuration by its absolute path; null for this machine. */
  readonly file: string | null
  /** Counted from 1. */
  readonly line: number | null
  readonly text: string
  readonly hints: readonly string[]
}

interface Recipient {
  readonly type: string
  readonly name: string
  /** Its identity is among those found here. False where only trying would tell. */
  readonly here: boolean
}

interface RuleFacts {
  readonly list: 'creation_rules' | 'destination_rules'
  /** From 0. */
  readonly index: number
  readonly line: number | null
  readonly path_regex: string | null
  readonly key_groups: readonly (readonly Recipient[])[]
}

interface FileKey {
  /** From 0. */
  readonly group: number
  readonly type: string
  readonly name: string
  readonly opens: boolean
  readonly tried: boolean
  readonly reasons: readonly string[]
}

export interface FileFacts {
  readonly file: string
  format: string | null
  /** It was decrypted here, and its integrity check passed. */
  opens: boolean
  /** Why not. */
  reason: string | null
  /** Position of the creation rule that applies, from 0. */
  rule: number | null
  readonly keys: FileKey[]
}

/** What was seen, whether right or wrong. */
export interface Facts {
  /** Absolute path of the configuration in force. */
  config: string | null
  readonly rules: RuleFacts[]
  readonly identities: { readonly type: string; readonly place: string; readonly found: readonly string[] }[]
  readonly credentials: { readonly type: string; readonly found: readonly string[] }[]
  readonly files: FileFacts[]
}

export interface Diagnosis extends Readonly<Facts> {
  /** There are no problems; the exit status is 0 then, else 1. */
  readonly ok: boolean
  readonly problems: number
  readonly remarks: number
  readonly findings: readonly ReportedFinding[]
}
