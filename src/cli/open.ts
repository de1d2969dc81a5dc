// Opening the file that a command changes in place, and saving it again.

import type { KeyService } from '../datakey.ts'
import { loadEncrypted, type OpenFile, openFile, type SealOutput } from '../encrypted-file.ts'
import type { FormatId } from '../formats/types.ts'
import { fingerprint, readInput, writeOutput } from './files.ts'
import type { Invocation, Io } from './invocation.ts'
import { orderOf, servicesOf } from './settings.ts'

export interface Opened {
  readonly path: string
  readonly bytes: Uint8Array
  readonly file: OpenFile
  readonly services: readonly KeyService[]
}

/** How a command opens its file: services and order are checked before the file is read (spec/cli.md 13). */
export interface Opener {
  readonly services: readonly KeyService[]
  open(path: string, bytes: Uint8Array, input: FormatId, options?: { ignoreMac?: boolean }): Promise<Opened>
}

export async function openerOf(inv: Invocation, io: Io): Promise<Opener> {
  const services = await servicesOf(inv, io.ctx)
  const order = orderOf(inv)
  return {
    services,
    open: async (path, bytes, input, options = {}) => {
      const ignoreMac = options.ignoreMac ?? inv.bool('ignore-mac')
      const file = await openFile(await loadEncrypted(bytes, input), {
        services,
        ...order,
        ignoreMac,
        log: io.ctx.log,
        audit: { context: io.ctx, file: path },
      })
      return { path, bytes, file, services }
    },
  }
}

export const read = (io: Io, path: string): Promise<Uint8Array> => readInput(io.host, path)

/** Writes the new version, unless somebody else has changed the file since it was read. */
export const saveInPlace = (
  io: Io,
  opened: Pick<Opened, 'path' | 'bytes'>,
  sealed: Pick<SealOutput, 'bytes'>,
): Promise<void> =>
  writeOutput(io.host, opened.path, sealed.bytes, { what: 'in-place file', expect: fingerprint(opened.bytes) })
