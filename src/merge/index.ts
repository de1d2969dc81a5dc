// Front door: three versions of a file become one.
export { type Labels, readMarkers, type UnmarkedTexts } from './markers.ts'
export { markedApart, withMerge } from './merge.ts'
export type { Side } from './nodes.ts'
export type { Apart, MergeVersions } from './sides.ts'
export type { Choose, ClosedMerge, Merge, MergeConflict, MergeOptions, OpenMerge } from './types.ts'
