// Command line names of key types that the table does not have yet, so that the set of flags is complete.

const rows = {
  kms: { name: 'kms', alias: 'k', env: 'SOPS_KMS_ARN', help: 'AWS KMS key ARNs, comma-separated' },
  gcp_kms: { name: 'gcp-kms', env: 'SOPS_GCP_KMS_IDS', help: 'GCP KMS resource IDs, comma-separated' },
  hckms: {
    name: 'hckms',
    env: 'SOPS_HUAWEICLOUD_KMS_IDS',
    help: 'HuaweiCloud KMS keys (region:uuid), comma-separated',
  },
  azure_kv: { name: 'azure-kv', env: 'SOPS_AZURE_KEYVAULT_URLS', help: 'Azure Key Vault key URLs, comma-separated' },
  hc_vault: { name: 'hc-vault-transit', env: 'SOPS_VAULT_URIS', help: 'HashiCorp Vault key URIs, comma-separated' },
  pgp: { name: 'pgp', alias: 'p', env: 'SOPS_PGP_FP', help: 'PGP fingerprints, comma-separated' },
  age: { name: 'age', alias: 'a', env: 'SOPS_AGE_RECIPIENTS', help: 'age recipients, comma-separated' },
}

type Row = { readonly name: string; readonly alias?: string; readonly env: string; readonly help: string }

/** Rows of the types that are not in `present`. */
export const plannedKeyFlags = (present: ReadonlySet<string>): readonly Row[] =>
  Object.entries(rows)
    .filter(([id]) => !present.has(id))
    .map(([, row]) => row)
