// AWS KMS master keys: a key's ARN, with the role, profile and encryption context it is used with (spec/keys.md 5).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { secondsText } from '../text/seconds.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork, type StringMap } from './key-type.ts'
import { regionOf, verifyRole } from './kms/arn.ts'

interface Parts {
  readonly arn: string
  readonly role: string
  readonly context: StringMap
  readonly profile: string
}

const keyOf = ({ arn, role, context, profile }: Parts, ctx: Context): KeyRecord<'kms'> => ({
  type: 'kms',
  fields: { arn, role, context, aws_profile: profile },
  createdAt: secondsText(ctx.now()),
  enc: '',
})

/** The ARNs of key and role in `key+role`. */
function splitRole(text: string): { arn: string; role: string } {
  const at = text.indexOf('+arn:')
  return at > 0 ? { arn: text.slice(0, at), role: text.slice(at + 1) } : { arn: text, role: '' }
}

const textOf = (value: string | StringMap | undefined): string => (typeof value === 'string' ? value : '')
const mapOf = (value: string | StringMap | undefined): StringMap => (typeof value === 'object' ? value : {})

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const contextText = (context: StringMap): string =>
  Object.keys(context)
    .sort(byBytes)
    .map((name) => `${name}:${context[name]}`)
    .join(',')

const descriptor: KeyDescriptor<'kms'> = {
  id: 'kms',
  fields: [
    { name: 'arn' },
    { name: 'role', omitEmpty: true },
    { name: 'context', omitEmpty: true, map: true },
    { name: 'aws_profile' },
  ],
  dated: true,
  network: true,
  ranks: { load: 1, flags: 1, rules: 3, rotate: 1, groups: 2 },
  flag: {
    name: 'kms',
    alias: 'k',
    env: 'SOPS_KMS_ARN',
    help: 'comma separated list of KMS ARNs',
  },
  config: {
    flat: 'kms',
    group: 'kms',
    item: {
      type: 'kmsKey',
      fields: ['arn', 'role', 'aws_profile'],
      maps: ['context'],
      aliases: { profile: 'aws_profile', encryptioncontext: 'context' },
    },
    aliases: ['awskms'],
  },
  wireNumber: 1,
  question: { title: 'AWS KMS key with ARN', field: 'arn' },
  logger: 'AWSKMS',
  credentials: {
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'],
    files: ['.aws/credentials', '.aws/config'],
  },
  secrets: ['AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
}

/** AWS KMS. */
export const kms: KeyTypeRow<'kms'> = {
  ...descriptor,
  async parse(text, ctx, options = {}) {
    if (text === '') return []
    const { context = {}, awsProfile: profile = '' } = options
    return text
      .replaceAll(' ', '')
      .split(',')
      .map((part) => keyOf({ ...splitRole(part), context, profile }, ctx))
  },
  async parseGroupItem(item, ctx) {
    if (typeof item === 'string') throw new SopsError('generic', 'an AWS KMS key must be a mapping with an arn')
    const { arn, role, context, aws_profile } = item
    const parts = { arn: textOf(arn), role: textOf(role), context: mapOf(context), profile: textOf(aws_profile) }
    return [keyOf(parts, ctx)]
  },
  logFields: (key) => ({ arn: String(key.fields.arn ?? '') }),
  label({ fields }) {
    const role = textOf(fields.role)
    const key = textOf(fields.arn) + (role === '' ? '' : `+${role}`)
    const context = contextText(mapOf(fields.context))
    const profile = textOf(fields.aws_profile)
    if (profile !== '') return `${key}|${context}|${profile}`
    return context === '' ? key : `${key}|${context}`
  },
  verify({ fields }) {
    regionOf(textOf(fields.arn))
    const role = textOf(fields.role)
    if (role !== '') verifyRole(role)
  },
  ...loadedWork(() => import('./kms/crypt.ts')),
}
