// The audit configuration: which databases and files get a record (spec/cli.md 17).

import { isAbsolute } from 'node:path'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { loadFormat } from '../formats/index.ts'
import { readNamed } from '../system/index.ts'
import { type PlainValue, toObject } from '../tree/plain.ts'

interface AuditBackends {
  readonly postgres: readonly { readonly connectionString: string }[]
  readonly file: readonly { readonly path: string }[]
}

const kinds = ['postgres', 'file']

/** The most bytes read from a pipe or a device. */
const maximumSize = 16 * 1024 * 1024

/**
 * The backends; undefined without a configuration, or with a warning when this user may not read it.
 * @throws SopsError `generic` for a file that cannot be read, does not parse or has the wrong shape.
 */
export async function readAuditConfig(path: string, log: Context['log']): Promise<AuditBackends | undefined> {
  const warn = (message: string): void => log({ level: 'warning', logger: 'AUDIT', message })
  let bytes: Uint8Array
  try {
    bytes = await readNamed(path, {
      maximum: maximumSize,
      onWait: () => warn(`waiting for the audit configuration from ${path}`),
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES') throw new SopsError('generic', `audit configuration ${path} cannot be read: ${code}`)
    warn(`audit configuration ${path} cannot be read by this user: nothing is recorded`)
    return undefined
  }
  const backends = mapOf((await parse(bytes, path))['backends'], `${path}: backends`)
  for (const kind of Object.keys(backends)) {
    if (!kinds.includes(kind)) warn(`${path}: no audit backend is called ${kind}; it is ignored`)
  }
  return {
    postgres: fieldsOf(backends['postgres'], 'connection_string', `${path}: backends.postgres`).map(
      (connectionString) => ({ connectionString }),
    ),
    file: fieldsOf(backends['file'], 'path', `${path}: backends.file`).map((file) => {
      if (!isAbsolute(file)) throw new SopsError('generic', `${path}: backends.file: path must be absolute`)
      return { path: file }
    }),
  }
}

type PlainMap = { readonly [key: string]: PlainValue }

async function parse(bytes: Uint8Array, path: string): Promise<PlainMap> {
  try {
    const [document] = (await loadFormat('yaml')).parse(bytes).tree.documents
    return document ? toObject(document) : {}
  } catch (error) {
    // The parser's message may quote a connection string.
    const position = error instanceof SopsError ? error.position : undefined
    throw new SopsError('generic', `audit configuration ${path} is not valid YAML`, position ? { position } : {})
  }
}

const isMap = (value: PlainValue | undefined): value is PlainMap =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date)

function mapOf(value: PlainValue | undefined, where: string): PlainMap {
  if (value === undefined || value === null) return {}
  if (!isMap(value)) throw new SopsError('generic', `${where} must be a map`)
  return value
}

/** The value of `field` in each element of a list; every element must have it. */
function fieldsOf(value: PlainValue | undefined, field: string, where: string): string[] {
  if (value === undefined || value === null) return []
  const wanted = new SopsError('generic', `${where} must be a list of maps, each with a text as ${field}`)
  if (!Array.isArray(value)) throw wanted
  return value.map((element: PlainValue) => {
    const text = isMap(element) ? element[field] : undefined
    if (typeof text !== 'string') throw wanted
    return text
  })
}
