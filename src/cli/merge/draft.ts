// The conflicts in the user's editor: plaintext with markers, in a private file.
import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Labels, OpenMerge } from '../../merge/index.ts'
import { editLoop } from '../edit-loop.ts'
import type { Decisions } from './choices.ts'
import type { Task } from './task.ts'

/** @returns the sealed file; undefined where the editor left the text as it was. @throws SopsError as `editLoop`. */
export async function editDraft(
  { io, path, labels }: Task,
  merge: OpenMerge,
  decisions: Decisions,
): Promise<Uint8Array | undefined> {
  const content = await merge.draft(labels, decisions.choose)
  if (!isUtf8(content))
    throw new SopsError('generic', 'it is not text, so no editor is of use', {
      hints: ['take a side: sops merge --ours FILE, or --theirs'],
    })
  const isLeft = markerSearch(content, labels)
  let sealed: Uint8Array | undefined
  try {
    await editLoop(
      {
        name: basename(path),
        content,
        read: async (text) => {
          if (isLeft(text)) throw new SopsError('generic', markersLeft)
          return merge.sealDraft(text, decisions.choose)
        },
        headline: (error) => (error.message === markersLeft ? 'Not merged yet' : 'The text cannot be sealed'),
        finish: async (bytes) => {
          sealed = bytes
        },
      },
      io,
    )
  } catch (error) {
    if (error instanceof SopsError && error.code === 'not-modified') return undefined
    throw error
  }
  return sealed
}

const markersLeft = 'there are conflict markers left in the text'

/** Finds our markers in a text that was made from a draft; what the values hold themselves may look like one. */
function markerSearch(draft: Uint8Array, labels: Labels): (text: Uint8Array) => boolean {
  const linesOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('utf8').split(/\r?\n/)
  const size = labels.size ?? 7
  const named = [
    `${'<'.repeat(size)} ${labels.ours}`,
    `${'|'.repeat(size)} ${labels.base ?? 'base'}`,
    `${'>'.repeat(size)} ${labels.theirs}`,
  ]
  const middle = '='.repeat(size)
  const count = (lines: readonly string[], wanted: string): number => lines.filter((line) => line === wanted).length
  const before = linesOf(draft)
  const own = count(before, middle) - count(before, named[0]!)
  return (text) => {
    const lines = linesOf(text)
    return named.some((line) => lines.includes(line)) || count(lines, middle) > own
  }
}
