// The six settings that say which leaves are encrypted, as the library and as files name them (spec/format.md 5).

/** In the order in which they are evaluated. `by` is what they look at: the end of a key, a whole key, or a comment above. */
const table = [
  { name: 'unencryptedSuffix', field: 'unencrypted_suffix', by: 'suffix', encrypts: false },
  { name: 'encryptedSuffix', field: 'encrypted_suffix', by: 'suffix', encrypts: true },
  { name: 'unencryptedRegex', field: 'unencrypted_regex', by: 'regex', encrypts: false },
  { name: 'encryptedRegex', field: 'encrypted_regex', by: 'regex', encrypts: true },
  { name: 'unencryptedCommentRegex', field: 'unencrypted_comment_regex', by: 'comment', encrypts: false },
  { name: 'encryptedCommentRegex', field: 'encrypted_comment_regex', by: 'comment', encrypts: true },
] as const

/** What is known of one selection setting: its names, what its text is, and whether a hit encrypts. */
export type SelectionSetting = (typeof table)[number]

export const selectionSettings: readonly SelectionSetting[] = table

/** In files and configurations. */
export type SelectionField = SelectionSetting['field']

/** Empty and absent mean the same. Files have at most one of them; all are evaluated. */
export interface SelectionOptions extends Readonly<Partial<Record<SelectionSetting['name'], string>>> {}

/** What the reference calls them where only one may be set. */
export const anySetting =
  'encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex'

/** How files without a setting are read. */
export const defaultSelection: { readonly unencryptedSuffix: string } = { unencryptedSuffix: '_unencrypted' }

/** The settings that are not empty. */
export const givenSettings = (options: SelectionOptions): readonly SelectionSetting[] =>
  selectionSettings.filter(({ name }) => options[name])

export const orDefault = (options: SelectionOptions): SelectionOptions =>
  givenSettings(options).length === 0 ? defaultSelection : options
