// One signed request to an AWS service, with its repetition while the service is busy. The vendor's client takes longer to load than
// everything else that a command does.
import { readFileSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { type Deadline, type HttpAnswer, type RetryRule, sendPatiently, type TlsOptions } from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import { endpointOf, type Service } from './endpoint.ts'
import { profileName, setting, sharedConfig } from './shared-config.ts'
import { type Credentials, signedHeaders } from './sign.ts'

/** Where a service is asked. */
export interface AwsPlace {
  readonly region: string
  /** The key's own profile; empty for none. */
  readonly profile: string
}

export interface AwsRequest {
  readonly service: Service
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Undefined for a request that stands for itself. */
  readonly credentials?: Credentials
}

export interface AwsFault {
  readonly name: string
  readonly message: string
}

/** What a service says when it has too much to do; some say so with a status of the client's faults. */
const busyNames = new Set([
  'BandwidthLimitExceeded',
  'IDPCommunicationError',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'TransactionInProgressException',
])
const busyStatus = new Set([429, 500, 502, 503, 504])

/** Names of refusals that may mean that this machine's clock is wrong. */
const clockNames =
  /^(AuthFailure|InvalidSignatureException|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)$/
const longestSkew = 240_000

/**
 * The body of a successful answer; the caller wipes it.
 * @throws SopsError `generic` with the service's name of the error and its text, which may quote what was signed.
 */
export async function callAws(
  { service, headers, body, credentials }: AwsRequest,
  { region, profile }: AwsPlace,
  faultOf: (answer: HttpAnswer) => AwsFault,
  ctx: Context,
  deadline: Deadline,
): Promise<Buffer> {
  const url = endpointOf(service, region, profile, ctx)
  const rule = retryRule(profile, faultOf, ctx)
  const tls = trust(profile, ctx)
  const attempt = (skew: number): Promise<HttpAnswer> => {
    const now = new Date(ctx.now().getTime() + skew)
    const all =
      credentials === undefined
        ? { ...headers, host: url.host }
        : signedHeaders(url, headers, body, credentials, { region, service }, now)
    const shown = { ...all, 'user-agent': 'sops-ts' }
    return sendPatiently(
      { method: 'POST', url, headers: shown, body, tls, proxy: proxyFor(url, ctx.env) },
      rule,
      deadline,
    )
  }
  let answer = await attempt(0)
  if (answer.status !== 200) {
    const skew = Date.parse(answer.headers.date ?? '') - ctx.now().getTime()
    if (clockNames.test(faultOf(answer).name) && Math.abs(skew) > longestSkew) answer = await attempt(skew)
  }
  if (answer.status === 200) return answer.body
  const { name, message } = faultOf(answer)
  throw new SopsError('generic', message === '' ? name : `${name}: ${message}`)
}

function retryRule(profile: string, faultOf: (answer: HttpAnswer) => AwsFault, ctx: Context): RetryRule {
  const section = sharedConfig(ctx).profiles.get(profileName(profile, ctx))
  const attempts = Number(ctx.env['AWS_MAX_ATTEMPTS'] || setting(section, 'max_attempts'))
  return {
    retries: Number.isInteger(attempts) && attempts > 0 ? attempts - 1 : 2,
    isBusy: (status, answer) => busyStatus.has(status) || (status !== 200 && busyNames.has(faultOf(answer).name)),
    wait: (attempt) => Math.random() * Math.min(20_000, 100 * 2 ** attempt),
  }
}

/**
 * The certificates of `AWS_CA_BUNDLE`, which then are the only ones trusted.
 * @throws SopsError `generic` when the file cannot be read.
 */
function trust(profile: string, ctx: Context): TlsOptions {
  const ca = trustedCertificates(profile, ctx)
  return ca === undefined ? {} : { ca }
}

/** Undefined for those of the platform. @throws SopsError `generic`. */
export function trustedCertificates(profile: string, ctx: Context): string | undefined {
  const section = sharedConfig(ctx).profiles.get(profileName(profile, ctx))
  const path = ctx.env['AWS_CA_BUNDLE'] || setting(section, 'ca_bundle')
  if (path === '') return undefined
  try {
    return ctx.once(`aws certificates ${path}`, () => readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SopsError('generic', `could not load AWS config: AWS_CA_BUNDLE: ${messageOf(error)}`, { cause: error })
  }
}
