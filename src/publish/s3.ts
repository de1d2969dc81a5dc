// Uploads to an S3 bucket, with the configuration and the credentials of every service of AWS (spec/keys.md 12).
import {
  clientSettings,
  credentialSource,
  defaultRegion,
  describeFailure,
  loadS3,
  nameHosts,
  s3Settings,
} from '../aws/index.ts'
import { type Context, memoKey } from '../context/index.ts'
import { SopsError } from '../errors.ts'

/**
 * Returns when the service has confirmed the object.
 * @throws SopsError `generic`; `missing-dependency` without the SDK.
 */
export async function uploadToS3(bucket: string, key: string, bytes: Uint8Array, ctx: Context): Promise<void> {
  const { client, provider, sdk } = await s3Client(ctx)
  try {
    // By itself: the SDK would put other words before what it says.
    await provider()
    const answer = await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
    // A proxy that wants somebody to log in answers everything.
    if (answer.ETag === undefined) throw new SopsError('generic', 'the answer confirms no object: it is not one of S3')
  } catch (error) {
    if (error instanceof SopsError) throw error
    // No `cause`: the SDK's errors hold requests and answers.
    throw new SopsError('generic', describeFailure(error, ctx))
  }
}

const client = memoKey<Promise<Awaited<ReturnType<typeof makeClient>>>>('AWS S3 client')

/** One for all files of a run. */
const s3Client = (ctx: Context): ReturnType<typeof makeClient> => ctx.once(client, () => makeClient(ctx))

async function makeClient(ctx: Context) {
  const place = { region: defaultRegion(ctx), profile: '' }
  const { provider } = credentialSource(place, ctx)
  const sdk = await loadS3()
  const client = new sdk.S3Client({ ...clientSettings('s3', place, ctx), ...s3Settings(ctx), credentials: provider })
  nameHosts(client)
  return { sdk, client, provider }
}
