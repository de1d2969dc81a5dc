// Every command that does something, with its names from the top.
import type { Command } from '../../src/cli/command.ts'
import { commands, isGroup, type Row } from '../../src/cli/commands/index.ts'

export async function allCommands(
  table: readonly Row[] = commands,
  above: readonly string[] = [],
): Promise<(readonly [path: string[], command: Command])[]> {
  const found = table.map(async (row) => {
    const path = [...above, row.name]
    return isGroup(row) ? allCommands(row.subcommands, path) : [[path, await row.load()] as const]
  })
  return (await Promise.all(found)).flat()
}
