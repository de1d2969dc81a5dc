// The resource ID of a key of Google Cloud KMS.
import { SopsError } from '../../errors.ts'
import { quote } from '../../text/quote.ts'

/**
 * Project, location, key ring and key, in the characters Google allows, so that no other path results. A domain may precede a project.
 * @throws SopsError `generic` for a text that names no crypto key.
 */
export function checkResourceId(text: string): string {
  const pattern = /^projects\/([\w.:-]+)\/locations\/[A-Za-z0-9-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/
  const project = pattern.exec(text)?.[1]
  if (project !== undefined && !/^\.+$/.test(project)) return text
  throw new SopsError('generic', `no valid resource ID found in ${quote(text)}`)
}
