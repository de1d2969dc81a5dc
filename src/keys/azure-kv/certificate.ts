// The assertion by which an application proves its certificate to Microsoft Entra (RFC 7523, PS256).
import { constants, createHash, createPrivateKey, type KeyObject, randomUUID, sign, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'

const variable = 'AZURE_CLIENT_CERTIFICATE_PATH'
const refused = (why: string): SopsError => new SopsError('generic', `the file of ${variable} ${why}`)

/** @throws SopsError `generic` without anything of the file. */
export async function certificateAssertion(path: string, client: string, endpoint: URL, ctx: Context): Promise<string> {
  const { key, chain } = await readCertificate(path, ctx)
  const wantsChain = /^(1|t|true)$/i.test(ctx.env['AZURE_CLIENT_SEND_CERTIFICATE_CHAIN'] ?? '')
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = part({
    alg: 'PS256',
    typ: 'JWT',
    'x5t#S256': createHash('sha256').update(chain[0]!.raw).digest('base64url'),
    ...(wantsChain ? { x5c: chain.map((one) => one.raw.toString('base64')) } : {}),
  })
  const now = Math.floor(ctx.now().getTime() / 1000)
  const claims = part({
    aud: endpoint.href,
    iss: client,
    sub: client,
    jti: randomUUID(),
    nbf: now,
    iat: now,
    exp: now + 600,
  })
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  const signature = sign('sha256', Buffer.from(`${header}.${claims}`), { key, ...padding }).toString('base64url')
  return `${header}.${claims}.${signature}`
}

/** The private key, and the certificates with that of the key in front. */
async function readCertificate(path: string, ctx: Context): Promise<{ key: KeyObject; chain: X509Certificate[] }> {
  let bytes: Buffer
  try {
    bytes = await readFile(resolve(ctx.cwd, path))
  } catch (error) {
    throw new SopsError('generic', `cannot read the file of ${variable}: ${messageOf(error)}`)
  }
  const text = bytes.toString('latin1')
  if (!text.includes('-----BEGIN ')) {
    throw refused('is no PEM; openssl pkcs12 -noenc makes one of a PKCS#12 file')
  }
  try {
    const key = privateKeyIn(text, ctx.env['AZURE_CLIENT_CERTIFICATE_PASSWORD'])
    if (key.asymmetricKeyType !== 'rsa') throw refused('holds a key that is not of RSA')
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const all = blocks.map((block) => new X509Certificate(block))
    const own = all.find((one) => one.checkPrivateKey(key))
    if (own === undefined) throw refused('holds no certificate of its private key')
    return { key, chain: [own, ...all.filter((one) => one !== own)] }
  } finally {
    bytes.fill(0)
  }
}

function privateKeyIn(text: string, passphrase: string | undefined): KeyObject {
  const block = /-----BEGIN ((?:RSA |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/.exec(text)?.[0]
  if (block === undefined) throw refused('holds no private key')
  const isLocked = block.includes('ENCRYPTED')
  try {
    return createPrivateKey({ key: block, ...(isLocked ? { passphrase: passphrase ?? '' } : {}) })
  } catch {
    throw refused(isLocked ? 'does not open with AZURE_CLIENT_CERTIFICATE_PASSWORD' : 'holds no readable private key')
  }
}
