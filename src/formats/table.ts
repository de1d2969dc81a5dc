// The table of formats. Parsers are loaded when a file needs them.
import type { Node } from '../tree/tree.ts'
import type { Format, FormatId } from './types.ts'

const loaders = {
  yaml: async () => (await import('./yaml.ts')).yaml,
  json: async () => (await import('./json.ts')).json,
  dotenv: async () => (await import('./dotenv.ts')).dotenv,
  ini: async () => (await import('./ini.ts')).ini,
  binary: async () => (await import('./binary.ts')).binary,
} satisfies Record<FormatId, () => Promise<Format>>

/** All formats, in the order in which messages list them. */
export const formatIds: readonly FormatId[] = Object.keys(loaders) as FormatId[]

/** Whether a name is that of a format. */
export const isFormatId = (name: string): name is FormatId => Object.hasOwn(loaders, name)

/** A format with its parser, which is loaded when it is asked for. */
export const loadFormat = (id: FormatId): Promise<Format> => loaders[id]()

const suffixes: readonly (readonly [string, FormatId])[] = [
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'json'],
  ['.env', 'dotenv'],
  ['.ini', 'ini'],
]

/** The format of a path, by its suffix alone; anything unknown is binary (spec/format.md 12.1). */
export function formatOfPath(path: string): FormatId {
  for (const [suffix, id] of suffixes) if (path.endsWith(suffix)) return id
  return 'binary'
}

/** Any JSON value as a node. @throws SopsError `parse`. */
export const parseJsonValue = async (bytes: Uint8Array): Promise<Node> => (await import('./json.ts')).parseValue(bytes)
