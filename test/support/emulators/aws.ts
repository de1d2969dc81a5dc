// AWS KMS and STS on loopback: the wire protocol of the real services, AES-GCM bound to key and encryption context, checked signatures.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { fail, type Listening, listen, type SeenRequest } from './listen.ts'

export interface AwsAccount {
  readonly secret: string
  /** What the temporary credentials' token must be. */
  readonly token?: string
  readonly state?: 'expired'
}

export interface AwsRequest {
  /** `Encrypt`, `Decrypt`, `AssumeRole`, … */
  readonly action: string
  readonly region: string
  readonly accessKeyId: string
  readonly body: Record<string, unknown>
  /** The connection's port on the client's side. */
  readonly port: number
}

/** What a test may answer instead of the service: a status and an error name; `drop` closes, `hang` never answers. */
export type AwsFault = { readonly status: number; readonly name: string } | 'drop' | 'hang'

export interface AwsEmulatorOptions {
  /** ARNs of the keys that exist. */
  readonly keys: Readonly<Record<string, 'enabled' | 'disabled' | 'denied'>>
  /** By access key id. */
  readonly accounts?: Readonly<Record<string, AwsAccount>>
  /** Roles that may be assumed. */
  readonly roles?: readonly string[]
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Called for each request, in order. */
  readonly fault?: (action: string, count: number) => AwsFault | undefined
  /** The service's clock, from which requests may be five minutes away; without it the time does not matter. */
  readonly clock?: () => Date
}

export interface AwsEmulator extends Listening {
  readonly url: string
  readonly requests: AwsRequest[]
}

export const awsDefaults = { AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'very-secret-access-key' }

const accountsOf = (options: AwsEmulatorOptions): Record<string, AwsAccount> => ({
  AKIDTEST: { secret: 'very-secret-access-key' },
  ...options.accounts,
})

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

interface Refusal {
  readonly status: number
  readonly name: string
  readonly message: string
}

const refusal = (name: string, message: string, status = 400): Refusal => ({ status, name, message })
const isRefusal = (value: object): value is Refusal => 'name' in value && 'status' in value

/** Checks Signature Version 4 over exactly the bytes that arrived. */
function verify(
  request: SeenRequest,
  accounts: Record<string, AwsAccount>,
  now: Date | undefined,
): { region: string; service: string; accessKeyId: string } | Refusal {
  const header = request.headers.authorization ?? ''
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (match === null) return refusal('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const time = String(request.headers['x-amz-date'])
  const sent = Date.parse(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (now !== undefined && !(Math.abs(sent - now.getTime()) < 300_000))
    return refusal('InvalidSignatureException', `Signature not yet current or expired: ${time}`)
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] = match
  const account = accounts[accessKeyId]
  if (account === undefined)
    return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.')
  const token = request.headers['x-amz-security-token']
  if (account.state === 'expired')
    return refusal('ExpiredTokenException', `The security token included in the request is expired: ${token}`)
  if (account.token !== undefined && account.token !== token)
    return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.')
  const headers = names
    .split(';')
    .map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`)
    .join('')
  const canonical = [request.method, request.path, '', headers, names, sha256(request.bytes)].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [region, service, 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${account.secret}`, day))
  if (hmac(key, toSign).toString('hex') !== signature)
    return refusal('InvalidSignatureException', `The canonical string should have been ${canonical}`)
  if (!names.split(';').includes('host')) return refusal('InvalidSignatureException', 'host is not signed')
  return { region, service, accessKeyId }
}

type Json = Record<string, unknown>

/** AES-256-GCM under a key of the emulator's own for each ARN; the encryption context is authenticated. */
function makeVault(keys: AwsEmulatorOptions['keys']): (action: string, body: Json, region: string) => Json | Refusal {
  const secrets = new Map(Object.keys(keys).map((arn) => [arn, randomBytes(32)]))
  const aad = (body: Json): Buffer => {
    const context = (body['EncryptionContext'] ?? {}) as Record<string, string>
    return Buffer.from(
      JSON.stringify(
        Object.keys(context)
          .sort()
          .map((name) => [name, context[name]]),
      ),
    )
  }
  return (action, body, region) => {
    const arn = String(body['KeyId'])
    const secret = secrets.get(arn)
    if (secret === undefined || arn.split(':')[3] !== region)
      return refusal('NotFoundException', `Key '${arn}' does not exist`)
    if (keys[arn] === 'disabled') return refusal('DisabledException', `${arn} is disabled.`)
    if (keys[arn] === 'denied')
      return refusal('AccessDeniedException', `User: x is not authorized to perform: kms:${action} on resource: ${arn}`)
    if (action === 'Encrypt') {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, iv)
      cipher.setAAD(aad(body))
      const sealed = Buffer.concat([cipher.update(Buffer.from(String(body['Plaintext']), 'base64')), cipher.final()])
      const blob = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
      return { CiphertextBlob: blob, KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
    }
    const blob = Buffer.from(String(body['CiphertextBlob']), 'base64')
    if (blob.length < 28) return refusal('InvalidCiphertextException', '')
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, blob.subarray(0, 12))
      decipher.setAAD(aad(body))
      decipher.setAuthTag(blob.subarray(12, 28))
      const plain = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()])
      return { Plaintext: plain.toString('base64'), KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
    } catch {
      return refusal('InvalidCiphertextException', '')
    }
  }
}

const xmlError = ({ name, message }: Refusal): string =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`

const xmlCredentials = (action: string, id: string, account: AwsAccount): string =>
  `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${account.secret}</SecretAccessKey><SessionToken>${account.token}</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`

/** Listens on a free port of 127.0.0.1. */
export async function startAws(options: AwsEmulatorOptions): Promise<AwsEmulator> {
  const accounts = accountsOf(options)
  const vault = makeVault(options.keys)
  const requests: AwsRequest[] = []
  const counts = new Map<string, number>()

  const answer = (request: SeenRequest, response: ServerResponse): unknown => {
    const { body, headers, port } = request
    const target = headers['x-amz-target']
    const isKms = target !== undefined
    const parsed: Json = isKms ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
    const action = isKms ? String(target).replace('TrentService.', '') : String(parsed['Action'])
    const count = (counts.get(action) ?? 0) + 1
    counts.set(action, count)
    const now = options.clock?.()
    const unsigned = { region: '', service: 'sts', accessKeyId: '' }
    const caller = action === 'AssumeRoleWithWebIdentity' ? unsigned : verify(request, accounts, now)
    const { region, accessKeyId } = isRefusal(caller) ? { region: '', accessKeyId: '' } : caller
    requests.push({ action, region, accessKeyId, body: parsed, port })
    const fault = options.fault?.(action, count)
    if (typeof fault === 'string') return fail(response, fault)
    const result = fault ? refusal(fault.name, 'as the test wants it', fault.status) : perform(caller, action, parsed)
    response.writeHead(typeof result === 'object' && isRefusal(result) ? result.status : 200, {
      'content-type': isKms ? 'application/x-amz-json-1.1' : 'text/xml',
      ...(now === undefined ? {} : { date: now.toUTCString() }),
    })
    if (typeof result === 'string') return response.end(result)
    if (!isRefusal(result)) return response.end(JSON.stringify(result))
    return response.end(isKms ? JSON.stringify({ __type: result.name, message: result.message }) : xmlError(result))
  }

  const perform = (caller: ReturnType<typeof verify>, action: string, body: Json): Json | Refusal | string => {
    if (isRefusal(caller)) return caller
    const isSts = action.startsWith('Assume')
    if (caller.service !== (isSts ? 'sts' : 'kms')) return refusal('InvalidSignatureException', 'wrong service')
    if (!isSts) return vault(action, body, caller.region)
    const role = String(body['RoleArn'])
    if (!options.roles?.includes(role)) {
      return refusal('AccessDenied', `User: x is not authorized to perform: sts:${action} on resource: ${role}`, 403)
    }
    const id = `ASIA${randomBytes(6).toString('hex').toUpperCase()}`
    accounts[id] = { secret: randomBytes(20).toString('hex'), token: randomBytes(20).toString('hex') }
    return xmlCredentials(action, id, accounts[id])
  }

  const server = await listen(answer, options.tls ? { tls: options.tls } : {})
  return { ...server, url: server.address, requests }
}
