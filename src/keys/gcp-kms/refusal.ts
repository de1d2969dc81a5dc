// What Google's services say when they refuse, and what can be done about it.
import type { Service } from '../../net/index.ts'

/** `PERMISSION_DENIED: Permission … denied`, or a token service's `invalid_grant: …`. */
function googleWords(json: object): string | undefined {
  const { error, error_description: description } = json as { error?: unknown; error_description?: unknown }
  if (typeof error === 'string') return joined([error, description])
  if (typeof error !== 'object' || error === null) return undefined
  const { status, message } = error as { status?: unknown; message?: unknown }
  return joined([status, message])
}

const joined = (parts: readonly unknown[]): string | undefined =>
  parts.filter((one) => typeof one === 'string' && one !== '').join(': ') || undefined

export const cloudKmsName = 'Google Cloud KMS'

/** For answers over HTTP, and for gRPC's status as HTTP has it. */
export function cloudKmsAdvice(status: number, words: string): string | undefined {
  if (status === 401) {
    return 'get a new access token (GOOGLE_OAUTH_ACCESS_TOKEN), or log in again with "gcloud auth application-default login"'
  }
  if (status === 403 && /permission/i.test(words) && !/https?:/.test(words)) {
    return 'the identity needs the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key'
  }
  if (status === 404) return 'compare the resource id with "gcloud kms keys list"'
  if (status === 400 && /not enabled|disabled|destroyed/i.test(words))
    return 'enable that version of the key, or restore it'
  return undefined
}

export const cloudKms: Service = { name: cloudKmsName, wordsIn: googleWords, advice: cloudKmsAdvice }

export const googleTokens: Service = {
  name: "Google's token service",
  wordsIn: googleWords,
  advice: (status, words) =>
    /^invalid_grant/.test(words) || status === 401
      ? 'log in again with "gcloud auth application-default login"'
      : undefined,
}

/** The metadata server of Google's machines. */
export const googleMetadata: Service = {
  name: "Google's metadata server",
  wordsIn: googleWords,
  advice: (status) => (status === 404 ? 'give the machine a service account' : undefined),
}

function storageAdvice(status: number, words: string): string | undefined {
  if (status === 401) return 'log in again with "gcloud auth application-default login"'
  if (status === 403 && !/https?:/.test(words))
    return 'the identity needs the permission storage.objects.create on the bucket, and storage.objects.delete where the object is there already'
  if (status === 404) return 'there must be a bucket of that name'
  return undefined
}

export const cloudStorage: Service = { name: 'Google Cloud Storage', wordsIn: googleWords, advice: storageAdvice }
