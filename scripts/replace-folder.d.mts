import type { renameSync, rmSync } from 'node:fs'

export function replaceFolder(
  fresh: string,
  place: string,
  calls?: { readonly renameSync: typeof renameSync; readonly rmSync: typeof rmSync },
): void
