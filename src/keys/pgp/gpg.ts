// Wraps and unwraps through the gpg program, with the reference's arguments and messages (spec/keys.md 4.4).
import type { Context } from '../../context/index.ts'
import { quote } from '../../text/quote.ts'
import { programName, programTrouble, type Run, runGpg } from './program.ts'

/** Why gpg failed. */
export interface GpgRefusal {
  readonly message: string
  /** There is no gpg. */
  readonly absent: boolean
  /** gpg has this key and will not use it (expired, revoked, …), so no other way may. */
  readonly unusable: boolean
}

const BEGIN = '-----BEGIN PGP MESSAGE-----'

/** The last 16 characters, and a final `!`, which asks for exactly this subkey (spec/keys.md 4.1). */
const shortId = (fp: string): string => fp.slice(fp.endsWith('!') ? -17 : -16)

/** Fingerprints and key ids, which gpg looks up in its own files only. */
const isKeyId = (fp: string): boolean => /^(?:0x)?[0-9A-F]+!?$/i.test(fp)

const absent = (prefix: string, ctx: Context): GpgRefusal => {
  const name = programName(ctx)
  const why = /[/\\]/.test(name) ? programTrouble(ctx) : 'executable file not found in $PATH'
  return { message: `${prefix}: exec: ${quote(name)}: ${why}`, absent: true, unusable: false }
}

/** The armoured message without white space around it. */
export async function wrapWithGpg(fp: string, dataKey: Uint8Array, ctx: Context): Promise<string | GpgRefusal> {
  const prefix = 'failed to encrypt sops data key with pgp'
  const refuse = (why: string, unusable = false): GpgRefusal => ({
    message: `${prefix}: ${why}`,
    absent: false,
    unusable,
  })
  if (fp === '') return refuse('the fingerprint is empty', true)
  const recipient = ['-r', fp, '--trusted-key', shortId(fp)]
  // For a mail address gpg asks the server of its domain, and it is files that name recipients.
  const local = isKeyId(fp) ? [] : ['--no-auto-key-locate']
  const args = ['--no-default-recipient', '--yes', '--encrypt', '-a', ...recipient, '--no-encrypt-to', ...local]
  const run = await runGpg(args, dataKey, ctx)
  if (!run) return absent(prefix, ctx)
  const text = run.stdout.toString('latin1').trim()
  if (run.ok) return text.startsWith(BEGIN) ? text : refuse('the program printed no PGP message')
  const { unusable, advice } = await examine(fp, ctx)
  return refuse(advice === undefined ? run.stderr : `${run.stderr}\n${advice}`, unusable)
}

interface Finding {
  readonly unusable: boolean
  /** What is wrong with the key and what to do about it, where known. */
  readonly advice?: string
}

const dateOf = (seconds: string): string => {
  const date = new Date(Number(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? seconds : date.toISOString().slice(0, 10)
}

/** The first fingerprint of a listing, which is that of the primary key; else where to find one. */
const fingerprintText = (records: readonly (readonly string[])[]): string =>
  records.find(([type]) => type === 'fpr')?.[9] ?? 'gpg --list-keys shows those that it has'

/** Examines the key that gpg refused, in the listing for programs, which is the same in every language. */
async function examine(fp: string, ctx: Context): Promise<Finding> {
  const run = await runGpg(['--batch', '--with-colons', '--list-keys', '--', fp], '', ctx)
  if (!run) return { unusable: false }
  const records = run.stdout
    .toString('latin1')
    .split('\n')
    .map((line) => line.split(':'))
  const keys = records.filter(([type]) => type === 'pub')
  if (!isKeyId(fp))
    return { unusable: false, advice: `a PGP key is named by its fingerprint: ${fingerprintText(records)}` }
  if (keys.length === 0) return { unusable: false, advice: `gpg has no public key for ${fp}: import it first` }
  const [, validity, , , id, , expires, , , , , capabilities = ''] = keys[0]!
  const name = `the key ${fp}`
  if (validity === 'r') return { unusable: true, advice: `${name} is revoked: use another one` }
  if (validity === 'e') {
    return { unusable: true, advice: `${name} expired on ${dateOf(expires ?? '')}: import a renewed copy of it` }
  }
  if (capabilities.includes('D')) return { unusable: true, advice: `${name} is disabled: gpg --edit-key ${id} enable` }
  if (capabilities.includes('E')) return { unusable: true }
  const subkeys = records.filter(([type, , , , , , , , , , , can]) => type === 'sub' && can?.includes('e'))
  const expired = subkeys.filter(([, state]) => state === 'e').map((fields) => dateOf(fields[6] ?? ''))
  const why =
    expired.length > 0
      ? `the subkey for encryption expired on ${expired.sort().at(-1)}: import a renewed copy of the key`
      : 'it has no subkey that can encrypt'
  return { unusable: true, advice: `${name} cannot be used: ${why}` }
}

/** What to do about common failures; the first match counts. The texts are those of an untranslated gpg. */
const advices: readonly (readonly [said: string, advice: string | undefined])[] = [
  ['Inappropriate ioctl', 'gpg could not ask for the passphrase: export GPG_TTY=$(tty)'],
  ['No pinentry', 'gpg could not ask for the passphrase: install a pinentry program'],
  ['public key decryption failed', undefined],
  ['No secret key', 'import the secret key, or ask somebody who can open the file to add a key of yours'],
]

function withAdvice({ stderr }: Run): string {
  const advice = advices.find(([said]) => stderr.includes(said))?.[1]
  return advice === undefined ? stderr : `${stderr}\n${advice}`
}

/** gpg's lines for programs, which stand among those for people. */
const STATUS = '[GNUPG:] '

/** Whether gpg says that it used the key with this fingerprint or id, or one of its subkeys. */
function usedKey(fp: string, said: string): boolean {
  const [, id] = /^(?:0x)?([0-9A-F]{40}|[0-9A-F]{16})!?$/.exec(fp.replace(/\s/g, '').toUpperCase()) ?? []
  if (id === undefined) return false
  const line = said.split('\n').find((one) => one.startsWith(`${STATUS}DECRYPTION_KEY `))
  return (line?.split(' ').slice(2, 4) ?? []).some((fingerprint) => fingerprint.endsWith(id))
}

/** The bytes as gpg prints them; the caller wipes them. `only`, if given, is the fingerprint of the key that must have opened it. */
export async function unwrapWithGpg(enc: string, ctx: Context, only?: string): Promise<Uint8Array | GpgRefusal> {
  const prefix = 'failed to decrypt sops data key with pgp'
  // With nobody there to answer, the agent may use what it remembers but must not open a pinentry.
  const quiet = ctx.unattended ? ['--batch', '--pinentry-mode', 'cancel'] : []
  const status = only === undefined ? [] : ['--status-fd', '2']
  // If a message is signed, the user's settings may have gpg fetch the signer's key.
  const local = ctx.localOnly ? ['--keyserver-options', 'no-auto-key-retrieve'] : []
  const done = await runGpg([...quiet, ...local, ...status, '-d'], enc, ctx)
  if (!done) return absent(prefix, ctx)
  const lines = done.stderr.split('\n')
  const run = { ...done, stderr: lines.filter((line) => !line.startsWith(STATUS)).join('\n') }
  const refuse = (why: string): GpgRefusal => ({ message: `${prefix}: ${why}`, absent: false, unusable: false })
  if (!run.ok) {
    run.stdout.fill(0)
    return refuse(withAdvice(run))
  }
  if (only !== undefined && !usedKey(only, done.stderr)) {
    run.stdout.fill(0)
    return refuse(`it is not for the key ${quote(only)}`)
  }
  return run.stdout.length > 0 ? run.stdout : refuse('zero bytes returned')
}
