// Warns of values that could be swapped unnoticed (cipher/shared-paths.ts).

import type { Selection } from '../cipher/index.ts'
import { sharedPaths } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { listed } from '../text/listed.ts'
import type { Tree } from '../tree/tree.ts'

const placesOf = ({ documents }: Tree, selection: Selection): string[] =>
  documents.flatMap((document) => sharedPaths(document, selection)).map(([one, other]) => `${one} and ${other}`)

/** `earlier` is the tree that this one was made from; what holds for that has been said before. */
export function warnOfSharedPaths(
  tree: Tree,
  selection: Selection,
  log: Context['log'] | undefined,
  earlier?: Tree,
): void {
  if (!log) return
  const known = new Set(earlier ? placesOf(earlier, selection) : [])
  const places = placesOf(tree, selection).filter((place) => !known.has(place))
  if (places.length === 0) return
  const message = `nobody would notice if the values changed places: ${listed(places)}, since keys are joined with ":" and these have colons of their own`
  log({ level: 'warning', logger: 'SOPS', message })
}
