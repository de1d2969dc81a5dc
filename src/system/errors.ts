// Errors of system calls in the reference's words. Users never see Node's own texts (`spawn /x ENOENT`).

import { isStart } from '../runtime/index.ts'
import { shownPath } from './secrets.ts'

const texts: Readonly<Record<string, string>> = {
  E2BIG: 'argument list too long',
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EAFNOSUPPORT: 'address family not supported by protocol',
  EAGAIN: 'resource temporarily unavailable',
  EAI_AGAIN: 'temporary failure in name resolution',
  EBADF: 'bad file descriptor',
  EBUSY: 'device or resource busy',
  ECONNABORTED: 'software caused connection abort',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EDQUOT: 'disk quota exceeded',
  EEXIST: 'file exists',
  EFBIG: 'file too large',
  EHOSTUNREACH: 'no route to host',
  EINVAL: 'invalid argument',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'file name too long',
  ENETUNREACH: 'network is unreachable',
  ENFILE: 'too many open files in system',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'exec format error',
  ENOMEM: 'cannot allocate memory',
  ENOSPC: 'no space left on device',
  ENOSYS: 'function not implemented',
  ENOTCONN: 'transport endpoint is not connected',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  ENOTFOUND: 'no such host',
  ENOTSOCK: 'not a socket',
  ENOTSUP: 'operation not supported',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EPROTOTYPE: 'not a socket of this kind',
  EROFS: 'read-only file system',
  ESTALE: 'stale file handle',
  ETIMEDOUT: 'connection timed out',
  ETXTBSY: 'text file busy',
  EXDEV: 'invalid cross-device link',
}

interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
  readonly dest?: string
}

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined

/** The meaning of a system error's code, as in `no such file or directory`; undefined for other errors. */
export const causeOf = (error: unknown): string | undefined => texts[codeOf(error) ?? '']

const shownCalls: ReadonlySet<string | undefined> = new Set(['read', 'write', 'rename', 'fsync', 'mkdir'])

/** `open /x/y: no such file or directory`: the call that failed, or `operation` if the reference would not make that call. */
export function systemErrorText(error: unknown, operation: string, path: string): string {
  const call = error instanceof Error ? (error as NodeJS.ErrnoException).syscall : undefined
  return `${shownCalls.has(call) ? call : operation} ${shownPath(path)}: ${causeOf(error) ?? codeOf(error) ?? 'unknown error'}`
}

const shownCall = (call: string): string => (isStart(call) ? 'fork/exec' : call === 'getaddrinfo' ? 'lookup' : call)

/** The same for an error that carries its call and path; undefined for one whose text is not Node's own. */
export function systemText(error: Error): string | undefined {
  // Holds one error for each address of a host name.
  const inner = error instanceof AggregateError ? error.errors.find((one) => causeOf(one) !== undefined) : undefined
  if (inner instanceof Error) return systemText(inner)
  const { syscall, path, address, port, hostname, dest } = error as SystemError
  const cause = causeOf(error)
  if (syscall === undefined || cause === undefined || !isNodesOwn(error)) return undefined
  const call = shownCall(syscall)
  const place = path ?? hostname ?? (port === undefined ? address : hostAndPort(address, port))
  // A call that was given a path as bytes reports it as bytes.
  const subjects = [place, dest].filter((one) => one !== undefined).map((one) => shownPath(String(one)))
  return `${[call, ...subjects].join(' ')}: ${cause}`
}

/** Rewords system errors that other packages quote: `connect ECONNREFUSED 127.0.0.1:1`, `ENOENT: …, open '/x'`. */
export const inWords = (text: string): string =>
  text
    .replace(/\b(E[A-Z0-9_]{2,}): [^,\n]*, ([a-z_]+)(?: '([^'\n]*)')?(?: -> '[^'\n]*')?/g, (all, code, call, path) =>
      texts[code] === undefined
        ? all
        : `${[shownCall(call), ...(path ? [shownPath(path)] : [])].join(' ')}: ${texts[code]}`,
    )
    .replace(
      /\b(connect|getaddrinfo|read|write|spawn) (?:(.+?) )?(E[A-Z0-9_]{2,})\b( [^\s,;]*[^\s,;.])?/g,
      (all, call, program, code, place = '') => {
        if (texts[code] === undefined || (call === 'spawn') !== (program !== undefined)) return all
        const name = call === 'spawn' ? `${shownCall(call)} ${shownPath(program)}` : shownCall(call)
        return `${name}${place}: ${texts[code]}`
      },
    )

/** False for an error to whose text a package has added something. */
const isNodesOwn = ({ message, code, syscall }: SystemError): boolean =>
  message === '' || message.startsWith(`${code}: `) || message.startsWith(`${syscall} ${code}`)

const hostAndPort = (address = '', port: number): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`
