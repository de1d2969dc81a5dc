// The contract of the two ways to reach Cloud KMS.
import type { Operation } from '../types.ts'

/**
 * Encrypts or decrypts with the crypto key `name`. The caller owns and wipes the result; it is empty when the answer holds none.
 * @throws SopsError with the service's status and text.
 */
export type CloudKms = (
  operation: Operation,
  name: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Uint8Array>
