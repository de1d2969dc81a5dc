// Earlier versions of the files that are checked, as Git has them.
import type { CheckOptions } from '../../check/index.ts'
import type { Context } from '../../context/index.ts'
import { type Blobs, type Git, historiesOf, largest, openBlobs } from '../../repo/index.ts'

/** Git is asked when the history is; what was opened for it runs until it is closed. */
interface OpenHistory {
  readonly history: NonNullable<CheckOptions['history']>
  close(): void
}

/** @param opened a process that gives files, if there is one already. */
export function historyIn(git: Git, opened: Blobs | undefined, ctx: Context): OpenHistory {
  let own: Blobs | undefined
  return {
    history: async (places) => {
      const isInside = (place: string): boolean => place !== '..' && !place.startsWith('../')
      const { byPath, isCut } = await historiesOf(git, ctx, places.filter(isInside))
      if (isCut)
        ctx.log({
          level: 'warning',
          logger: 'CMD',
          message:
            'the history of this clone is cut: ages count from there, and what was before is not looked at (git fetch --unshallow)',
        })
      const isEmpty = [...byPath.values()].every((versions) => versions.length === 0)
      own = opened === undefined && !isEmpty ? await openBlobs(git.folder, ctx) : undefined
      const blobs = opened ?? own
      return {
        isCut,
        versionsOf: (place) => byPath.get(place) ?? [],
        read: async (name) => blobs?.read(name, largest),
      }
    },
    close: () => own?.close(),
  }
}
