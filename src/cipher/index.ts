// Front door: values under a data key, which of them are encrypted, and the MAC over all.
export { type ClearPlace, newlyClear, selectedAmong } from './cleartext.ts'
export { commentsOf, lostComment, misplacedComment, type PlacedComment, settling, withHeads } from './comments.ts'
export type { Witness } from './coverage.ts'
export { type CryptOptions, isEmpty } from './crypt.ts'
export { compileRegex, refuseLargeExpression } from './expression.ts'
export { expressionHint } from './expression-hint.ts'
export { loadCoverage } from './lazy.ts'
export { createLeafCipher, encryptLeaf } from './leaf.ts'
export { encryptLong, type LongToken, openLong, type Pieces } from './long-leaf.ts'
export { addToMac, finishMac, startMac } from './mac.ts'
export { changeHints, settingHint } from './mismatch.ts'
export { open } from './open.ts'
export { type SealedTree, seal } from './seal.ts'
export { commentHits, compileSelection, type Selection } from './selection.ts'
export {
  anySetting,
  defaultSelection,
  givenSettings,
  orDefault,
  type SelectionField,
  type SelectionOptions,
  type SelectionSetting,
  selectionSettings,
} from './selection-settings.ts'
export { sharedPaths } from './shared-paths.ts'
export { joinStashes, type Stash } from './stash.ts'
export { sealMac, verifyMac } from './stored-mac.ts'
export { isEncrypted, isToken, splitToken, type TokenParts, tokenStart } from './token.ts'
export { walk } from './walk.ts'
