// `sops git filter-process`: both directions, for all files of one command of Git.
import { type Command, command } from '../../command.ts'
import { warnOfWords } from '../../extra-words.ts'
import { filterFlags, openFilter } from '../../git/filter.ts'
import { serveFilter } from '../../git/filter-process.ts'

export const filterProcess: Command = command({
  args: '',
  flags: filterFlags,
  examples: [],
  run: async (inv, io) => {
    warnOfWords(inv, io)
    await serveFilter(io, await openFilter(inv, io))
    return 0
  },
})
