// Roles: temporary credentials from AWS STS (spec/keys.md 5.4).
import { hostname } from 'node:os'
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { deadlineIn, type HttpAnswer } from '../http.ts'
import { kmsTimeout } from '../timeout.ts'
import { type AwsFault, type AwsPlace, callAws } from './call.ts'
import { keepSecret } from './failure.ts'
import type { Credentials } from './sign.ts'

export type Provider = () => Promise<Credentials>

/** The parameters of the request under AWS's names; those without a value are left out. */
export type RoleParameters = Readonly<Record<string, string | undefined>> & {
  readonly RoleArn: string
  readonly RoleSessionName: string
}

/** `sops@` and what session names may hold of the host's name; the reference's pattern leaves hyphens out. */
export const sessionName = (host: string = hostname()): string =>
  `sops@${host.replace(/[^A-Za-z0-9=,.@-_]+/g, '')}`.slice(0, 64)

/**
 * Trades credentials, or a web identity token among the parameters, for those of a role.
 * @throws SopsError `generic` with the service's error.
 */
export async function assumeRole(
  parameters: RoleParameters,
  credentials: Credentials | undefined,
  place: AwsPlace,
  ctx: Context,
): Promise<Credentials> {
  const Action = credentials === undefined ? 'AssumeRoleWithWebIdentity' : 'AssumeRole'
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const request = {
    service: 'sts',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams([['Action', Action], ['Version', '2011-06-15'], ...given]).toString(),
    ...(credentials === undefined ? {} : { credentials }),
  } as const
  const answer = await callAws(request, place, faultOf, ctx, deadlineIn(kmsTimeout(ctx)))
  const xml = answer.toString('utf8')
  const [id, secret, token] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((name) => elementOf(xml, name))
  if (!id || !secret) throw new SopsError('generic', 'the answer of STS holds no credentials')
  keepSecret(ctx, secret, token)
  const expiration = new Date(elementOf(xml, 'Expiration'))
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token ? { sessionToken: token } : {}),
    ...(Number.isNaN(expiration.getTime()) ? {} : { expiration }),
  }
}

const faultOf = ({ status, body }: HttpAnswer): AwsFault => {
  const xml = body.toString('utf8')
  return { name: elementOf(xml, 'Code') || `status ${status}`, message: elementOf(xml, 'Message') }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The text of the first element of that name; all that is read of an answer are elements that hold text alone. */
function elementOf(xml: string, name: string): string {
  const start = xml.indexOf(`<${name}>`)
  const end = xml.indexOf(`</${name}>`, start)
  if (start < 0 || end < 0) return ''
  const text = xml.slice(start + name.length + 2, end)
  return text.trim().replace(/&(\w+);/g, (whole, entity: string) => entities[entity] ?? whole)
}
