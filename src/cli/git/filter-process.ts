// The long-running filter of Git, version 2 of its protocol: one process for all files of a command.
import { SopsError } from '../../errors.ts'
import { textOf } from '../../system/index.ts'
import type { Io } from '../invocation.ts'
import type { Filter } from './filter.ts'
import { content, lines, PacketReader } from './packets.ts'

/** What somebody sees who starts it by hand. */
const notGit = (): SopsError =>
  new SopsError('generic', 'this is no command to type: git starts it, once sops git install --filter has told it to')

const texts = (packets: readonly Uint8Array[] | undefined): readonly string[] =>
  (packets ?? []).map((packet) => textOf(packet).replace(/\n$/, ''))

async function greet(reader: PacketReader, io: Io): Promise<void> {
  const [who, ...versions] = texts(await reader.list().catch(() => undefined))
  if (who !== 'git-filter-client' || !versions.includes('version=2')) throw notGit()
  await io.out(lines(['git-filter-server', 'version=2']))
  const offered = texts(await reader.list())
  const known = ['capability=clean', 'capability=smudge'].filter((one) => offered.includes(one))
  await io.out(lines(known))
}

const fieldOf = (words: readonly string[], name: string): string =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''

/** Answers until Git closes the pipe. A file that cannot be filtered is said, and Git decides what becomes of its command. */
export async function serveFilter(io: Io, filter: Filter): Promise<void> {
  const reader = new PacketReader(io.host.stdin)
  await greet(reader, io)
  for (;;) {
    const packets = await reader.list()
    if (packets === undefined) return
    const words = texts(packets)
    const path = fieldOf(words, 'pathname')
    // Git reads no answer before it has written all, so the whole content comes first.
    const input = Buffer.concat((await reader.list()) ?? [])
    const output = await answer(filter, fieldOf(words, 'command'), path, input).catch(async (error: unknown) => {
      await io.of(path).fail(error)
    })
    if (output === undefined) await io.out(lines(['status=error']))
    else await io.out(Buffer.concat([lines(['status=success']), content(output), lines([])]))
  }
}

async function answer(filter: Filter, command: string, path: string, input: Uint8Array): Promise<Uint8Array> {
  if (command === 'clean') return filter.clean(path, input)
  if (command === 'smudge') return filter.smudge(path, input)
  throw new SopsError('generic', `git asks the filter for "${command}", which it does not know`)
}
