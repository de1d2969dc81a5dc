// Front door: the sops block of a file.
export { isReserved } from './block.ts'
export { type Metadata, reservedIn, takeMetadata, withMetadata } from './metadata.ts'
export { type OtherDocument, othersText, refuseOthers, splitHints } from './others.ts'
export type { MetadataPlacement } from './types.ts'
export { checkFileVersion, compareVersions, compatibleVersion } from './version.ts'
