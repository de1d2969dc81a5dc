// The vendor's own clients as a second opinion: signatures, bytes and endpoints agree with theirs.
import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { endpointOf } from '../../src/keys/kms/endpoint.ts'
import { assumeRole } from '../../src/keys/kms/sts.ts'
import { kms } from '../../src/keys/kms.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults } from '../support/emulators/aws.ts'
import { arn, aws, context, dataKey, keyOf, role } from './kms-support.ts'

const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: awsDefaults.AWS_SECRET_ACCESS_KEY }

// Its clients would tell that Node 20 is old.
beforeAll(() => void vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true'))

/** As the variables of the process would be, whatever they are. */
const settings = {
  credentials,
  region: 'eu-west-2',
  ignoreConfiguredEndpointUrls: true,
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
  maxAttempts: 1,
}

test('what one side wraps the other unwraps, and both are signed', async () => {
  const server = await aws()
  const client = new KMSClient({ ...settings, endpoint: server.url })
  const EncryptionContext = { env: 'prod', 'a b': 'ä' }
  const key = keyOf({ context: EncryptionContext })
  const theirs = await client.send(new EncryptCommand({ KeyId: arn, Plaintext: dataKey, EncryptionContext }))
  const enc = Buffer.from(theirs.CiphertextBlob!).toString('base64')
  expect(await kms.unwrap({ ...key, enc }, context(server))).toEqual(dataKey)
  const ours = Buffer.from(await kms.wrap(key, dataKey, context(server)), 'base64')
  const { Plaintext } = await client.send(new DecryptCommand({ KeyId: arn, CiphertextBlob: ours, EncryptionContext }))
  expect(Buffer.from(Plaintext!)).toEqual(Buffer.from(dataKey))
  const [first, second, third, fourth] = server.requests.map(({ body }) => Object.keys(body).sort())
  expect([third, second]).toEqual([first, fourth])
})

test('roles', async () => {
  const server = await aws({ roles: [role] })
  const input = { RoleArn: role, RoleSessionName: 'me@x=1,2', ExternalId: 'a b&c+d' }
  const client = new STSClient({ ...settings, endpoint: server.url })
  const theirs = await client.send(new AssumeRoleCommand(input))
  const ours = await assumeRole(input, credentials, { region: 'eu-west-2', profile: '' }, context(server))
  expect(server.requests[1]!.body).toEqual(server.requests[0]!.body)
  expect(Object.keys(ours).sort()).toEqual(['accessKeyId', 'expiration', 'secretAccessKey', 'sessionToken'])
  expect(Math.abs(ours.expiration!.getTime() - theirs.Credentials!.Expiration!.getTime())).toBeLessThan(60_000)
})

describe('endpoints', () => {
  const regions = ['us-east-1', 'mx-central-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1']
  const more = ['eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1', 'xx-new-1']
  const cases = [...regions, ...more].flatMap((region) =>
    [false, true].flatMap((useFipsEndpoint) =>
      [false, true].map((useDualstackEndpoint) => ({ region, useFipsEndpoint, useDualstackEndpoint })),
    ),
  )

  test.each(['kms', 'sts'] as const)('%s', async (service) => {
    const Client = service === 'kms' ? KMSClient : STSClient
    const compared = await Promise.all(
      cases.map(async (one) => {
        const { endpointProvider } = new Client({ ...settings, ...one }).config
        const { url } = endpointProvider({
          Region: one.region,
          UseFIPS: one.useFipsEndpoint,
          UseDualStack: one.useDualstackEndpoint,
        })
        const flags = {
          AWS_USE_FIPS_ENDPOINT: String(one.useFipsEndpoint),
          AWS_USE_DUALSTACK_ENDPOINT: String(one.useDualstackEndpoint),
        }
        return [endpointOf(service, one.region, '', fakeContext({ env: flags })).href, url.href]
      }),
    )
    expect(compared.map(([ours]) => ours)).toEqual(compared.map(([, theirs]) => theirs))
    expect(compared).toHaveLength(40)
  })
})
