// gRPC's status codes, by the names that the reference shows.

/** Ordered by number. */
const statusNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const

export type StatusName = (typeof statusNames)[number]

export const statusNumber = (name: StatusName): number => statusNames.indexOf(name)

/** `rpc error: code = Unavailable desc = …` */
export const statusText = (code: number, details: string): string =>
  `rpc error: code = ${statusNames[code] ?? `Code(${code})`} desc = ${details}`
