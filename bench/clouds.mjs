// The clouds of the tests, on loopback, for measuring what their keys cost.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const arn = 'arn:aws:kms:eu-west-2:111122223333:key/bench'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

/**
 * @param {string} root the checkout
 * @returns {Promise<{ clouds: Record<string, { flags: string[], env: Record<string, string> }>, trust: Record<string, string>, close(): Promise<void> }>}
 *   `trust` is what a process needs that talks to Azure's stand-in
 */
export async function startClouds(root) {
  // Below node_modules, so that the packages they use are found.
  const outdir = join(root, 'node_modules/.cache', `bench-${process.pid}`)
  const names = ['aws', 'aws-tls', 'azure', 'gcp']
  await build({
    entryPoints: names.map((name) => join(root, 'test/support/emulators', `${name}.ts`)),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
  })
  const [{ startAws, awsDefaults }, { makeCertificate }, { startAzure }, { startGcpGrpc, startGcpRest }] =
    await Promise.all(names.map((name) => import(pathToFileURL(join(outdir, `${name}.mjs`)).href)))
  const tls = makeCertificate()
  const aws = await startAws({ keys: { [arn]: 'enabled' } })
  const azure = await startAzure({ tls })
  const [grpc, rest] = [
    await startGcpGrpc({ keys: { [resource]: 'enabled' } }, tls),
    await startGcpRest({ keys: { [resource]: 'enabled' } }),
  ]
  const trust = { NODE_EXTRA_CA_CERTS: tls.path, SOPS_AZURE_KEYVAULT_ORIGINS: azure.address }
  const google = { GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' }
  const clouds = {
    aws: { flags: ['--kms', arn], env: { ...awsDefaults, AWS_ENDPOINT_URL: aws.url } },
    'gcp-grpc': {
      flags: ['--gcp-kms', resource],
      env: { ...google, SOPS_GCP_KMS_ENDPOINT: `localhost:${grpc.port}`, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: tls.path },
    },
    'gcp-rest': {
      flags: ['--gcp-kms', resource],
      env: { ...google, SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${rest.port}`, SOPS_GCP_KMS_CLIENT_TYPE: 'rest' },
    },
    azure: {
      flags: ['--azure-kv', `${azure.address}/keys/main/v1`],
      env: {
        ...trust,
        AZURE_TENANT_ID: 'tenant-1',
        AZURE_CLIENT_ID: 'client-1',
        AZURE_CLIENT_SECRET: 'client-secret',
        AZURE_AUTHORITY_HOST: azure.address,
      },
    },
    // A way to a token that is left to the vendor's package.
    'azure-sdk': {
      flags: ['--azure-kv', `${azure.address}/keys/main/v1`],
      env: { ...trust, MSI_ENDPOINT: `${azure.address}/shell/token` },
    },
  }
  const close = async () => {
    await Promise.all([aws, azure, grpc, rest].map((server) => server.close()))
    tls.remove()
    rmSync(outdir, { recursive: true, force: true })
  }
  return { clouds, trust, close }
}
