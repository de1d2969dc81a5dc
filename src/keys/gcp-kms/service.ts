// The contract of the two ways to reach Cloud KMS.

export type Operation = 'encrypt' | 'decrypt'

/**
 * Encrypts or decrypts with the crypto key `name`. The caller owns and wipes the result; it is empty when the answer holds none.
 * @throws SopsError with the service's status and text.
 */
export type Service = (
  operation: Operation,
  name: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Uint8Array>
