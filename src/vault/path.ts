// What a Vault address or path named by a file, a flag or a rule may look like.

import { SopsError } from '../errors.ts'
import { unescaped } from '../net/index.ts'
import { quote } from '../text/quote.ts'

/**
 * Whether nobody on the way to the server can take the segment for another path, even by unescaping once more, by equating compatible
 * characters (`．．`), or by reading parameters after `;` (`..;`).
 */
function isPlainSegment(segment: string): boolean {
  const text = segment.normalize('NFKC')
  return !/[\\/%?#\p{C}\p{Zl}\p{Zp}]/u.test(text) && !/^\.*$/.test(text.replace(/;.*/s, '').trim())
}

const rule = 'no part of it may be empty, "." or "..", or hold one of \\ % ? # or a control character'

/** @throws SopsError `generic`; `what` names the text in the message. */
export function checkPath(path: string, what: string): void {
  if (path.split('/').every(isPlainSegment)) return
  throw new SopsError('generic', `${what} ${quote(path)} is refused: ${rule}`)
}

/**
 * As `checkPath`, for the path of a URL, any part of which a proxy may unescape first.
 * @throws SopsError `generic`.
 */
export function checkUrlPath({ pathname }: URL, what: string): void {
  const parts = pathname.replace(/^\/|\/$/g, '')
  if (parts === '' || parts.split('/').every((part) => isPlainSegment(unescaped(part)))) return
  throw new SopsError('generic', `${what} ${quote(pathname)} is refused: ${rule}`)
}

/** As `checkPath`, for a name that is a single segment. @throws SopsError `generic`. */
export function checkName(name: string, what: string): void {
  if (name.includes('/')) throw new SopsError('generic', `${what} ${quote(name)} is refused: it has a slash`)
  checkPath(name, what)
}

/**
 * The server in `https://host:8200`, which may have a path.
 * @throws SopsError `generic` for anything that two readers might take for different servers.
 */
export function parseAddress(text: string): URL {
  const parts = /^https?:\/\/(?<user>[^/@]*@)?(?<host>[^/@]+)(?:\/(?<path>.*))?$/is.exec(text)?.groups
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    !/[\s\\?#\p{C}]/u.test(`${parts?.['user'] ?? ''}${parts?.['host']}`) && !parts?.['host']?.includes('%')
  if (
    url === undefined ||
    parts === undefined ||
    !isPlain ||
    !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url.hostname)
  ) {
    throw new SopsError(
      'generic',
      `the Vault address ${quote(text)} is refused: it must be https://HOST, https://HOST:PORT, or one of these with a path`,
    )
  }
  if (parts['path']) checkPath(parts['path'].replace(/\/$/, ''), 'the path in the Vault address')
  return url
}
