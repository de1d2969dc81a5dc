// What is loaded when it is asked for.

/** Makes age identities; loaded when asked for. */
export const loadKeygen = (): Promise<typeof import('./age/keygen.ts')> => import('./age/keygen.ts')

/** Asks gpg about public keys. */
export const loadPgpFacts = (): Promise<typeof import('./pgp/listing.ts')> => import('./pgp/listing.ts')

/** Google's credentials for publishing, and the words of its services. */
export const loadGoogle = async (): Promise<
  typeof import('./gcp-kms/credentials.ts') & typeof import('./gcp-kms/refusal.ts')
> => ({ ...(await import('./gcp-kms/credentials.ts')), ...(await import('./gcp-kms/refusal.ts')) })
