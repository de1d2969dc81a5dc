// HuaweiCloud credentials: the environment, a file of profiles, or the metadata service of a cloud server (spec/keys.md 9).

import { join } from 'node:path'
import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { type Deadline, deadlineIn, parseJson, readCredentials, refusalText, send } from '../../net/index.ts'
import { huaweiMetadata } from './refusal.ts'

export interface HuaweiCredentials {
  readonly ak: string
  readonly sk: string
  readonly securityToken?: string | undefined
  readonly projectId?: string | undefined
  readonly iamEndpoint?: string | undefined
}

/** An identity provider's token, used instead of an access key. */
interface IdentityToken {
  readonly idpId: string
  readonly idTokenFile: string
  readonly projectId?: string | undefined
  readonly iamEndpoint?: string | undefined
}

export type AnyCredentials = HuaweiCredentials | IdentityToken

const credentials = memoKey<Promise<AnyCredentials>>('Huawei credentials')

/** The first credentials found. @throws SopsError `generic` saying why there are none. */
export const credentialsOf = (ctx: Context, deadline: Deadline): Promise<AnyCredentials> =>
  ctx.once(credentials, async () => {
    const reasons: string[] = []
    for (const source of [fromEnvironment, fromProfile, fromMetadataService]) {
      try {
        return await source(ctx, deadline)
      } catch (error) {
        reasons.push(messageOf(error))
      }
    }
    throw new SopsError('generic', `failed to get HuaweiCloud credentials: ${reasons.join('; ')}`)
  })

type Fields = Readonly<Record<string, string | undefined>>

function fromFields(fields: Fields, missing: string): AnyCredentials {
  const { ak, sk, idp_id: idpId, id_token_file: idTokenFile } = fields
  const common = { projectId: fields['project_id'] || undefined, iamEndpoint: fields['iam_endpoint'] || undefined }
  if (idpId && idTokenFile) return { idpId, idTokenFile, ...common }
  if (ak && sk) return { ak, sk, securityToken: fields['security_token'] || undefined, ...common }
  throw new SopsError('generic', missing)
}

async function fromEnvironment({ env }: Context): Promise<AnyCredentials> {
  const names = ['ak', 'sk', 'security_token', 'project_id', 'idp_id', 'id_token_file']
  const fields = Object.fromEntries(names.map((name) => [name, env[`HUAWEICLOUD_SDK_${name.toUpperCase()}`]]))
  return fromFields(fields, 'HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set')
}

async function fromProfile(ctx: Context): Promise<AnyCredentials> {
  const named = ctx.env['HUAWEICLOUD_SDK_CREDENTIALS_FILE']
  const path = named || (ctx.home === undefined ? undefined : join(ctx.home, '.huaweicloud', 'credentials'))
  if (path === undefined) throw new SopsError('generic', 'no home folder holds a credentials file')
  const text = await readCredentials(path, ctx).catch((error: unknown) => {
    throw new SopsError('generic', `${named ? 'HUAWEICLOUD_SDK_CREDENTIALS_FILE: ' : ''}${messageOf(error)}`)
  })
  return fromFields(readSection(text, 'basic'), 'the credentials file has no ak and sk')
}

/** The values of one section of an INI file. */
function readSection(text: string, name: string): Fields {
  const fields: Record<string, string> = {}
  let section = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (line.startsWith('[') && line.endsWith(']')) section = line.slice(1, -1).trim()
    const equals = line.indexOf('=')
    if (section === name && equals > 0) fields[line.slice(0, equals).trim()] = line.slice(equals + 1).trim()
  }
  return fields
}

const metadataService = 'http://169.254.169.254'
const metadataTimeout = 3000

async function fromMetadataService(ctx: Context, deadline: Deadline): Promise<HuaweiCredentials> {
  const limit = deadlineIn(Math.min(metadataTimeout, deadline.left()))
  const tokenAnswer = await send(
    {
      ctx,
      method: 'PUT',
      url: new URL(`${metadataService}/meta-data/latest/api/token`),
      headers: { 'X-Metadata-Token-Ttl-Seconds': '21600' },
    },
    limit,
  )
  const token = tokenAnswer.status === 200 ? tokenAnswer.body.toString('latin1').trim() : ''
  const request = {
    ctx,
    method: 'GET',
    url: new URL(`${metadataService}/openstack/latest/securitykey`),
    headers: token === '' ? {} : { 'X-Metadata-Token': token },
  }
  const answer = await send(request, limit)
  const { access, secret, securitytoken } =
    (parseJson(answer.body) as { credential?: Record<string, string> } | undefined)?.credential ?? {}
  if (answer.status !== 200 || !access || !secret) {
    throw new SopsError(
      'generic',
      `the metadata service gives no credentials: ${refusalText(huaweiMetadata, request, answer)}`,
    )
  }
  return { ak: access, sk: secret, securityToken: securitytoken }
}
