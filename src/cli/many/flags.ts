// Flags of commands that work on many files: which, and how.
import { formatIds } from '../../formats/index.ts'
import { type BoolFlag, bool, type IntFlag, int, type ListFlag, list, type StringFlag, string } from '../flag.ts'
import { inSection } from '../flags.ts'

/** Which files. */
export type ChoosingFlag =
  | BoolFlag<'all' | 'staged' | 'null' | 'untracked'>
  | StringFlag<'changed' | 'files-from' | 'type' | 'recipient'>
  | ListFlag<'exclude'>

export const jobs: IntFlag<'jobs'> = int('jobs', 'how many files at a time (default: 16)', {
  value: 'N',
  section: 'FILES',
})

export const choosingFlags: readonly ChoosingFlag[] = inSection<ChoosingFlag>('FILES', [
  bool('all', 'all files of the repository that the command is for'),
  bool('staged', 'those that are staged'),
  string('changed', 'those that differ from HEAD, or from the common ancestor with REF', {
    value: 'REF',
    optional: 'names no commit: leave out the = for HEAD, or name one',
  }),
  string('files-from', 'the names in LIST, one a line; - for stdin', { value: 'LIST', path: true }),
  bool('null', 'with --files-from: NUL ends each name', { aliases: ['0'] }),
  bool('untracked', 'with --all and folders: also files that Git does not know'),
  list('exclude', 'without those that the pattern fits; may be repeated', { value: 'GLOB', path: true }),
  string('type', 'only these formats, as in yaml,json', { value: 'FORMATS', values: formatIds }),
  string('recipient', 'only files that this recipient can open', { value: 'RECIPIENT' }),
])

export type TargetFlag = ChoosingFlag | IntFlag<'jobs'>

export const targetFlags: readonly TargetFlag[] = [...choosingFlags, jobs]

export type WriterFlag = BoolFlag<'dry-run' | 'check' | 'json' | 'keep-going'>

const json: BoolFlag<'json'> = bool('json', 'say what was done as JSON')

export const writerFlags: readonly WriterFlag[] = inSection<WriterFlag>('FILES', [
  bool('dry-run', 'only say what would change'),
  bool('check', 'the same, with exit status 1 if something would'),
  bool('keep-going', 'write what can be written, also when some files fail'),
  json,
])
