// Tokens of other identity providers, traded for Google's (RFC 8693), and identities that act as a service account.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { type Deadline, deadlineIn, parseJson, send, withoutSecrets } from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import { kmsTimeout } from '../timeout.ts'
import { scope, type TokenMaker } from './token.ts'
import { basicAuth, postForm, readToken, secureUrl } from './tokens.ts'

type Fields = Readonly<Record<string, unknown>>

const textOf = (fields: Fields, name: string): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}
const fieldsOf = (fields: Fields, name: string): Fields => {
  const value = fields[name]
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Whether the subject's token lies in a file or behind a URL; programs, AWS and certificates are left to the library. */
export const isPlainSource = (json: Fields): boolean => {
  const source = fieldsOf(json, 'credential_source')
  return !('environment_id' in source) && (textOf(source, 'file') !== '' || textOf(source, 'url') !== '')
}

/** `external_account` with a file or a URL. */
export function externalAccount(json: Fields, ctx: Context): TokenMaker {
  const exchanged: TokenMaker = async () => {
    const deadline = deadlineIn(kmsTimeout(ctx))
    const subject = await subjectToken(fieldsOf(json, 'credential_source'), ctx, deadline)
    const [client, secret] = [textOf(json, 'client_id'), textOf(json, 'client_secret')]
    const project = textOf(json, 'workforce_pool_user_project')
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: textOf(json, 'audience'),
      scope,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: textOf(json, 'subject_token_type'),
      subject_token: subject,
      // A client of its own says who pays.
      ...(project !== '' && client === '' ? { options: JSON.stringify({ userProject: project }) } : {}),
    }
    const url = secureUrl(textOf(json, 'token_url') || 'https://sts.googleapis.com/v1/token', 'token_url')
    const headers = client === '' ? {} : basicAuth(client, secret)
    return readToken(await postForm(url, form, headers, ctx, deadline), [subject, secret], ctx)
  }
  const url = textOf(json, 'service_account_impersonation_url')
  if (url === '') return exchanged
  const seconds = fieldsOf(json, 'service_account_impersonation')['token_lifetime_seconds']
  return impersonated(url, exchanged, { lifetime: typeof seconds === 'number' ? seconds : 3600 }, ctx)
}

/** `impersonated_service_account`: what `gcloud auth application-default login --impersonate-service-account` leaves. */
export function impersonatedAccount(json: Fields, source: TokenMaker, ctx: Context): TokenMaker {
  const { delegates } = json
  const list = Array.isArray(delegates) ? delegates.filter((one): one is string => typeof one === 'string') : []
  const url = textOf(json, 'service_account_impersonation_url')
  return impersonated(url, source, { lifetime: 3600, ...(list.length > 0 ? { delegates: list } : {}) }, ctx)
}

interface Impersonation {
  /** Seconds. */
  readonly lifetime: number
  readonly delegates?: readonly string[]
}

/** A token of the service account, asked of the service for account credentials with the token of `source`. */
const impersonated =
  (text: string, source: TokenMaker, { lifetime, delegates }: Impersonation, ctx: Context): TokenMaker =>
  async () => {
    const url = secureUrl(text, 'service_account_impersonation_url')
    const { text: token } = await source()
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({
      ...(delegates === undefined ? {} : { delegates }),
      scope: [scope],
      lifetime: `${lifetime}s`,
    })
    const request = { method: 'POST', url, headers, body, proxy: proxyFor(url, ctx.env) }
    const answer = await send(request, deadlineIn(kmsTimeout(ctx)))
    const { accessToken, expireTime, error } = (parseJson(answer.body) ?? {}) as Fields
    if (answer.status === 200 && typeof accessToken === 'string' && accessToken !== '') {
      const expires = Date.parse(String(expireTime))
      return { text: accessToken, expires: Number.isNaN(expires) ? 0 : expires }
    }
    const { status, message } = (error ?? {}) as Fields
    const reason = [status, message].filter((one) => typeof one === 'string').join(': ')
    const shown = withoutSecrets(reason, [token]) || `status ${answer.status}`
    throw new SopsError('generic', `cannot act as the service account: ${shown}`)
  }

/** @throws SopsError `generic` without anything of what was read. */
async function subjectToken(source: Fields, ctx: Context, deadline: Deadline): Promise<string> {
  const text = await sourceText(source, ctx, deadline)
  const format = fieldsOf(source, 'format')
  if (textOf(format, 'type') !== 'json') {
    if (text.trim() === '') throw new SopsError('generic', 'the credential_source holds no token')
    return text.trim()
  }
  const name = textOf(format, 'subject_token_field_name')
  const value = ((parseJson(Buffer.from(text)) ?? {}) as Fields)[name]
  if (typeof value === 'string' && value !== '') return value
  throw new SopsError(
    'generic',
    `the credential_source holds no JSON with a token under the name ${JSON.stringify(name)}`,
  )
}

async function sourceText(source: Fields, ctx: Context, deadline: Deadline): Promise<string> {
  const file = textOf(source, 'file')
  if (file !== '') {
    try {
      return await readFile(resolve(ctx.cwd, file), 'utf8')
    } catch (error) {
      throw new SopsError('generic', `cannot read the file of the credential_source: ${messageOf(error)}`)
    }
  }
  const text = textOf(source, 'url')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SopsError('generic', 'the url of the credential_source is no URL')
  }
  const given = Object.entries(fieldsOf(source, 'headers'))
  const headers = Object.fromEntries(given.filter((one): one is [string, string] => typeof one[1] === 'string'))
  // Clear text is for services of the machine, where no proxy leads.
  const proxy = url.protocol === 'https:' ? proxyFor(url, ctx.env) : undefined
  const answer = await send({ method: 'GET', url, headers, proxy }, deadline)
  if (answer.status === 200) return answer.body.toString('utf8')
  throw new SopsError('generic', `the url of the credential_source answers with status ${answer.status}`)
}
