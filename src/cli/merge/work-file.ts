// A file that is to be merged: where it lies, what it holds, and which repository it belongs to.
import { dirname } from 'node:path'
import { type Git, gitIn, pathFromTop, topOf } from '../../repo/index.ts'
import { mustBeNoFolder, readInput } from '../files.ts'
import type { Io } from '../invocation.ts'
import { absolutePath } from '../settings.ts'
import { isMissing } from '../target.ts'

/** Where a file stands in a work tree. */
interface InTree {
  readonly git: Git
  /** From the top, as Git names it. */
  readonly path: string
}

/** A file of the work tree as it was found. */
export interface WorkFile {
  /** As the user named it. */
  readonly name: string
  readonly path: string
  /** Absent where Git has it and the work tree has not. */
  readonly bytes: Uint8Array | undefined
  readonly tree: InTree | undefined
}

/** @throws SopsError `bad-input`. */
export async function workFile(io: Io, name: string): Promise<WorkFile> {
  const path = absolutePath(io.ctx, name)
  await mustBeNoFolder(path, io.command)
  const tree = await treeOf(io, path)
  const bytes = tree && (await isMissing(path)) ? undefined : await readInput(io, path, { inPlace: true })
  return { name, path, bytes, tree }
}

async function treeOf({ ctx }: Io, path: string): Promise<InTree | undefined> {
  const top = await topOf(dirname(path), ctx)
  const inTop = top && pathFromTop(top, path)
  return top === undefined || inTop === undefined ? undefined : { git: gitIn(top, ctx), path: inTop }
}
