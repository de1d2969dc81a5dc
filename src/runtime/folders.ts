// What a folder holds, with the names as bytes.
import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'

interface FolderEntry {
  readonly name: Buffer
  /** False for a link to one. */
  readonly isFolder: boolean
}

/** Some runtimes give names alone when these are to be bytes, and have to be asked for each. @throws the system's error. */
export async function entriesIn(folder: string | Buffer): Promise<FolderEntry[]> {
  const options = { withFileTypes: true, encoding: 'buffer' as never } as const
  const found = (await readdir(folder, options)) as unknown as readonly (
    | Buffer
    | (Omit<Dirent, 'name'> & FolderEntry)
  )[]
  return Promise.all(
    found.map(async (entry) => {
      if (!Buffer.isBuffer(entry)) return { name: entry.name, isFolder: entry.isDirectory() }
      const path = Buffer.concat([Buffer.from(folder), Buffer.from('/'), entry])
      return { name: entry, isFolder: (await lstat(path)).isDirectory() }
    }),
  )
}
