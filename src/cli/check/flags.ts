// What `sops check` can be told.
import { ruleIds } from '../../check/index.ts'
import { type BoolFlag, bool, type IntFlag, int, type ListFlag, list, type StringFlag, string } from '../flag.ts'
import { decryptionOrder, type KeyServiceFlag, keyServices } from '../flags.ts'
import { type TargetFlag, targetFlags } from '../many/flags.ts'

/** How findings are written. */
export const forms = ['text', 'json', 'sarif', 'github', 'gitlab', 'junit'] as const
export type FormName = (typeof forms)[number]

export type CheckFlag =
  | TargetFlag
  | KeyServiceFlag
  | typeof decryptionOrder
  | BoolFlag<'json' | 'quiet' | 'fix' | 'stage' | 'verify' | 'leaks' | 'history'>
  | StringFlag<'format' | 'baseline' | 'write-baseline' | 'config-from'>
  | IntFlag<'max-warnings'>
  | ListFlag<'rule'>

export const checkFlags: readonly CheckFlag[] = [
  string('format', 'write findings as text (default), json, sarif, github, gitlab or junit', {
    value: 'FORM',
    values: forms,
  }),
  bool('json', 'the same as --format json'),
  bool('quiet', 'only show errors, and no summary'),
  list(
    'rule',
    `how loud a rule is: ID=off, info, warn or error (${ruleIds.length} rules; see README); may be repeated`,
    {
      value: 'ID=LEVEL',
    },
  ),
  int('max-warnings', 'with more warnings than that, fail as for an error', { value: 'N' }),
  bool('fix', 'mend what can be mended, and report what is left'),
  bool('stage', 'with --fix: git add what was mended'),
  bool('verify', 'also open every file with the keys at hand, and check its MAC'),
  bool('leaks', 'also look for decrypted values in clear in other files'),
  bool('history', 'also look for values in clear in earlier versions'),
  string('config-from', 'take .sops.yaml as the commit REF has it', { value: 'REF' }),
  string('baseline', 'pass over the findings in FILE', { value: 'FILE', path: true }),
  string('write-baseline', 'write all findings to FILE, for --baseline, and succeed', { value: 'FILE', path: true }),
  decryptionOrder,
  ...keyServices,
  ...targetFlags,
]
