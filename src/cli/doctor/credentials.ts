// Where the SDKs of cloud key types take credentials from. Only whether they are there is told; what they hold is for the SDK.

import { join } from 'node:path'
import type { Context } from '../../context/index.ts'
import type { KeyTypeId } from '../../keys/types.ts'
import { accessSync, constants } from '../../system/files-sync.ts'

interface CredentialPlaces {
  readonly variables: readonly string[]
  /** Below the home folder. */
  readonly files: readonly string[]
}

const credentialPlaces: Readonly<Partial<Record<KeyTypeId, CredentialPlaces>>> = {
  kms: {
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'],
    files: ['.aws/credentials', '.aws/config'],
  },
  gcp_kms: {
    variables: ['GOOGLE_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS'],
    files: ['.config/gcloud/application_default_credentials.json'],
  },
  azure_kv: {
    variables: ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_FEDERATED_TOKEN_FILE'],
    files: [],
  },
  hc_vault: { variables: ['VAULT_TOKEN', 'VAULT_ADDR', 'VAULT_AGENT_ADDR'], files: ['.vault-token'] },
  hckms: {
    variables: ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
    files: ['.huaweicloud/credentials'],
  },
}

const isReadable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Names of the variables that are set and of the files that can be read; undefined for a type that takes no credentials. */
export function credentialsOf(type: KeyTypeId, ctx: Context): readonly string[] | undefined {
  const places = credentialPlaces[type]
  if (places === undefined) return undefined
  const { home } = ctx
  const files = home === undefined ? [] : places.files.filter((name) => isReadable(join(home, name)))
  return [...places.variables.filter((name) => ctx.env[name]), ...files.map((name) => `~/${name}`)]
}
