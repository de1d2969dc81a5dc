// Signs that the documents of a file do not belong together.

import type { Leaf, Tree } from '../tree/tree.ts'
import type { Selection } from './selection.ts'
import { isEncrypted } from './token.ts'
import { walk } from './walk.ts'

/** Hints about the document with this number, from 1, if it has no encrypted value at all. */
export function clearHints(tree: Tree, number: number, selection: Selection): readonly string[] {
  let encrypted = false
  const leaf = (found: Leaf): Leaf => {
    encrypted ||= typeof found.value === 'string' && isEncrypted(found.value)
    return found
  }
  const documents = tree.documents.slice(number - 1, number)
  walk({ documents }, selection, { leaf, comment: (comment) => comment }, [])
  return encrypted
    ? []
    : [
        `document ${number} is clear text in an encrypted file: take it out with a text editor, then add what it says with sops edit or sops set`,
      ]
}

const range = (from: number, to: number): string => (from === to ? `document ${from}` : `documents ${from} to ${to}`)

/** For a MAC that covers only the first documents. */
export const joinedHint = (covered: number, count: number): string =>
  `the MAC is that of ${range(1, covered)} alone: ${range(covered + 1, count)} came from elsewhere, as when files are joined`
