// `sops git clean`: the version of a file that git adds, from stdin to stdout.
import { type Command, command } from '../../command.ts'
import { noFile } from '../../extra-words.ts'
import { filterFlags, openFilter } from '../../git/filter.ts'

export const clean: Command = command({
  args: 'FILE',
  oneFile: true,
  flags: filterFlags,
  examples: [],
  run: async (inv, io) => {
    const [path] = inv.positionals
    if (path === undefined) throw noFile(inv)
    const filter = await openFilter(inv, io)
    await io.out(await filter.clean(path, await io.host.stdin.readAll()))
    return 0
  },
})
