// Roles: temporary credentials from AWS STS (spec/keys.md 5.4).
import { hostname } from 'node:os'
import type * as Sts from '@aws-sdk/client-sts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { keepSecret, nameHosts } from './failure.ts'
import { loadSts } from './packages.ts'
import { type AwsPlace, clientSettings } from './settings.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type Provider = () => Promise<AwsCredentials>

type StsRequest =
  | { readonly kind: 'role'; readonly credentials: AwsCredentials; readonly input: Sts.AssumeRoleCommandInput }
  | { readonly kind: 'token'; readonly input: Sts.AssumeRoleWithWebIdentityCommandInput }

/** `sops@` and the characters of the host's name that session names may hold; the reference's pattern omits hyphens. */
export const sessionName = (host: string = hostname()): string =>
  `sops@${host.replace(/[^A-Za-z0-9=,.@-_]+/g, '')}`.slice(0, 64)

/** @throws the SDK's error, or SopsError `missing-dependency`. */
export async function assumeRole(request: StsRequest, place: AwsPlace, ctx: Context): Promise<AwsCredentials> {
  const sdk = await loadSts()
  const client = new sdk.STSClient({
    ...clientSettings('sts', place, ctx),
    // A web identity token speaks for itself: its request is not signed.
    ...(request.kind === 'role' ? { credentials: request.credentials } : {}),
  })
  nameHosts(client)
  const answer =
    request.kind === 'role'
      ? await client.send(new sdk.AssumeRoleCommand(request.input))
      : await client.send(new sdk.AssumeRoleWithWebIdentityCommand(request.input))
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey) throw new SopsError('generic', 'the answer of STS holds no credentials')
  keepSecret(ctx, SecretAccessKey, SessionToken)
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken ? { sessionToken: SessionToken } : {}),
    ...(Expiration ? { expiration: Expiration } : {}),
  }
}
