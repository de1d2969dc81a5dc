// Errors of system calls in the words the reference uses for them.

const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBADF: 'bad file descriptor',
  EBUSY: 'device or resource busy',
  EDQUOT: 'disk quota exceeded',
  EEXIST: 'file exists',
  EFBIG: 'file too large',
  EINVAL: 'invalid argument',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOMEM: 'cannot allocate memory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EROFS: 'read-only file system',
  ETXTBSY: 'text file busy',
}

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined

const shownCalls: ReadonlySet<string | undefined> = new Set(['read', 'write', 'rename', 'fsync', 'mkdir'])

/** `open /x/y: no such file or directory`: the call that failed, or `operation` where the reference does not make that call. */
export function systemErrorText(error: unknown, operation: string, path: string): string {
  const code = codeOf(error)
  const call = error instanceof Error ? (error as NodeJS.ErrnoException).syscall : undefined
  const text = code === undefined ? undefined : texts[code]
  return `${shownCalls.has(call) ? call : operation} ${path}: ${text ?? code ?? 'unknown error'}`
}
