// `sops git textconv` shows a file to `git diff`.
import type { Context } from '../../../context/index.ts'
import { messageOf, SopsError } from '../../../errors.ts'
import { emitPlain, loadEncrypted, withOpenFile } from '../../../file/index.ts'
import type { FormatId } from '../../../formats/index.ts'
import { formatOfPath, isFormatId, sniffFormat } from '../../../formats/index.ts'
import { othersText } from '../../../metadata/index.ts'
import { readFile, systemErrorText } from '../../../system/index.ts'
import { oneLine } from '../../../text/quote.ts'
import { type Command, command } from '../../command.ts'
import { noFile } from '../../extra-words.ts'
import { decryptionOrder, inputType, keyServices, networkKeys } from '../../flags.ts'
import type { Invocation, Io } from '../../invocation.ts'
import { localOnly } from '../../local-only.ts'
import { placedLines } from '../../report.ts'
import { absolutePath, orderOf, servicesOf } from '../../settings.ts'

const flags = [inputType, decryptionOrder, networkKeys, ...keyServices] as const
type ToShow = Invocation<(typeof flags)[number]>

export const textconv: Command = command({
  args: 'FILE',
  oneFile: true,
  flags: flags,
  examples: [],
  run: run,
})

/**
 * Prints the plaintext if a key is at hand. Anything else is shown as it is after one line that says why: git stops the whole diff when a
 * textconv program fails, and there may be nobody to answer a prompt.
 */
async function run(inv: ToShow, io: Io): Promise<number> {
  const [name] = inv.positionals
  if (name === undefined) throw noFile(inv)
  io.about(name)
  const path = absolutePath(io.ctx, name)
  const bytes = await readFile(path).catch((error: unknown) => {
    io.ctx.log({ level: 'error', logger: 'CMD', message: systemErrorText(error, 'open', path) })
  })
  if (!bytes) return 0
  const seen = sniffFormat(bytes)
  const format = formatToShow(inv.string('input-type'), seen, formatOfPath(name))
  const local = localOnly(inv, io.ctx)
  const ctx: Context = {
    ...io.ctx,
    unattended: true,
    prompt: async () => undefined,
    log: () => {},
    // The terminal is the pager's.
    watch: undefined,
    localOnly: local.ask,
  }
  try {
    await io.out(format ? await plaintext(inv, ctx, path, bytes, format) : bytes)
  } catch (error) {
    if (seen === undefined && error instanceof SopsError && isPlain(error)) {
      await io.out(bytes)
      return 0
    }
    const [reason = ''] = error instanceof SopsError ? placedLines(error) : [messageOf(error)]
    const remark = (text: string): string => `${commentMark(format ?? formatOfPath(name))} sops: ${text}`
    await io.say(remark(`shown encrypted: ${reason}`))
    if (local.refusal !== undefined) await io.say(remark(`not all keys were tried: ${local.refusal}`))
    await io.out(bytes)
  }
  return 0
}

/** By the flag, else by content. A flow YAML text may look like JSON, and one with an indented root like a plain file. */
function formatToShow(named: string, seen: FormatId | undefined, byPath: FormatId): FormatId | undefined {
  if (isFormatId(named)) return named
  if (seen === undefined) return byPath === 'binary' ? undefined : byPath
  return seen === 'json' && byPath === 'yaml' ? byPath : seen
}

const isPlain = ({ code, details }: SopsError): boolean => code === 'parse' || details.fault === 'no metadata'

const commentMark = (format: FormatId): string =>
  format === 'ini' ? ';' : format === 'json' || format === 'binary' ? '//' : '#'

async function plaintext(
  inv: ToShow,
  ctx: Context,
  path: string,
  bytes: Uint8Array,
  format: FormatId,
): Promise<Uint8Array> {
  const services = await servicesOf(inv, { ctx })
  const encrypted = await loadEncrypted(bytes, format)
  const remark = (text: string): string => `${commentMark(format)} sops: ${oneLine(text)}\n`
  let note = encrypted.others.length > 0 ? remark(othersText(encrypted.others)) : ''
  const text = (ignoreMac: boolean): Promise<Uint8Array> =>
    withOpenFile(
      encrypted,
      { services, ...orderOf(inv), ignoreMac, audit: { context: ctx, file: path } },
      async (file) => Buffer.concat([Buffer.from(note), await emitPlain(file, format, {})]),
    )
  // A diff is needed most when something is wrong, such as the MAC after a merge.
  return text(false).catch((error: unknown) => {
    if (!(error instanceof SopsError) || error.code !== 'mac-mismatch') throw error
    note += remark('the MAC does not match: this file was changed without its key')
    return text(true)
  })
}
