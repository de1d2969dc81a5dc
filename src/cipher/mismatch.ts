// Explains a MAC that does not match the values. Every encrypted value opened in its place, so few changes come into question.
import { listed } from '../text/listed.ts'
import { formatPath } from '../tree/path.ts'
import type { Tree } from '../tree/tree.ts'
import type { Selection } from './selection.ts'
import { walk } from './walk.ts'

/** For a MAC that matches under the other setting of `mac_only_encrypted`. */
export const settingHint = (macOnlyEncrypted: boolean): string =>
  `the values are those of the MAC, but mac_only_encrypted was ${macOnlyEncrypted ? 'added' : 'taken out'}: the setting counts from when the file is next saved`

/** Where the values in clear stand that the MAC covers; `documents` of several have their number. */
function clearPlaces(tree: Tree, selection: Selection): string[] {
  const places: string[] = []
  const path: string[] = []
  let place = ''
  walk(
    tree,
    selection,
    {
      document: (number) => {
        place = tree.documents.length > 1 ? ` in document ${number}` : ''
      },
      leaf: (leaf, _aad, selected) => {
        const { value } = leaf
        const counts = value !== null && value !== '' && !(value instanceof Uint8Array && value.length === 0)
        if (counts && !selected) places.push(formatPath(path) + place)
        return leaf
      },
      comment: (comment) => comment,
    },
    path,
  )
  return [...new Set(places)]
}

/** What may have happened to the file, and what to do next. `tree` is the encrypted one. */
export function changeHints(tree: Tree, selection: Selection, macOnlyEncrypted: boolean): readonly string[] {
  const clear = macOnlyEncrypted ? [] : clearPlaces(tree, selection)
  const what = macOnlyEncrypted ? 'an encrypted entry' : 'an entry'
  return [
    'every encrypted value opens under the keys that lead to it, so none of them is forged',
    ...(clear.length > 0 ? [`one in clear may have been changed: ${listed(clear)}`] : []),
    `${what} may have been added, removed, moved or repeated, or an older encrypted value of the same keys put back`,
    'compare the file with the version that opened last; if the change is meant, a new MAC comes with sops --rotate --in-place --ignore-mac FILE',
  ]
}
