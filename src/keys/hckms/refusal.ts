// What HuaweiCloud's services say when they refuse, and what can be done about it.
import type { Service } from '../../net/index.ts'

/** The service's code and message, wherever they stand in its answer. */
function wordsIn(json: object): string | undefined {
  for (const place of [json, ...Object.values(json)]) {
    if (typeof place !== 'object' || place === null) continue
    const { error_code, error_msg, code, message } = place as Record<string, unknown>
    const [name, text] = [error_code ?? code, error_msg ?? message]
    if (name !== undefined && text !== undefined) return `${name}: ${text}`
  }
  return undefined
}

function advice(status: number, words: string): string | undefined {
  if (status === 401)
    return 'check HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN and the clock'
  if (status === 403 && /disabled/i.test(words)) return 'enable the key'
  if (status === 403)
    return 'the identity needs the actions kms:dek:crypto and kms:cmk:crypto on the key and the project'
  if (status === 404) return 'compare region and id of the key with those of the console'
  return undefined
}

export const huaweiKms: Service = { name: 'HuaweiCloud KMS', wordsIn, advice }
export const huaweiIam: Service = { name: 'HuaweiCloud IAM', wordsIn, advice }
export const huaweiMetadata: Service = { name: "HuaweiCloud's metadata service", wordsIn, advice: () => undefined }
