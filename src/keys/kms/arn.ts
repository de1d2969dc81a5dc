// The ARN of an AWS KMS key or alias.
import { SopsError } from '../../errors.ts'

const keyArn = /^arn:aws[\w-]*:kms:([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?):[0-9]+:(?:key|alias)\/[^\n]/
const roleArn = /^arn:aws[\w-]*:(?:iam|sts)::[0-9]+:[\w-]+\/[^\n]/

/**
 * The region in the key's ARN. It becomes part of a host name, so it must be a single DNS label.
 * @throws SopsError `generic` for a text that is not the ARN of a key or alias.
 */
export function regionOf(arn: string): string {
  const region = keyArn.exec(arn)?.[1]
  if (region === undefined) throw new SopsError('generic', `no valid ARN found in '${arn}'`)
  return region
}

/** @throws SopsError `generic` for a text that is not the ARN of a role. */
export function verifyRole(arn: string): void {
  if (!roleArn.test(arn)) throw new SopsError('generic', `no ARN of a role found in '${arn}'`)
}
