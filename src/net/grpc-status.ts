// gRPC's status codes, by the names that the reference shows, and what the gRPC library says itself.
import { inWords } from '../system/index.ts'

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

/** HTTP's status for a gRPC status; 0 where none fits. */
export const httpStatusOf = (code: number): number =>
  ({ InvalidArgument: 400, FailedPrecondition: 400, NotFound: 404, PermissionDenied: 403, Unauthenticated: 401 })[
    statusNames[code] as string
  ] ?? 0

/**
 * The library's own text about a connection, or an answer that is no gRPC, in words that name host and cause; undefined for the words of a
 * server. `service` is what should answer there.
 */
export function transportText(details: string, host: string, service: string): string | undefined {
  const connection = /^No connection established\. Last error: (?:Error: )?(.*)\. Resolution note: $/s.exec(
    details,
  )?.[1]
  if (connection?.startsWith('Protocol error')) {
    return `connection error: ${host} does not speak HTTP/2; is ${service} what listens there, with TLS or without as it is asked?`
  }
  if (connection !== undefined) return `connection error: ${withHost(inWords(connection), host)}`
  const name = /^Name resolution failed for target dns:(.*?)(?::\d+)?$/.exec(details)?.[1]
  if (name !== undefined) return `connection error: lookup ${name}: no such host`
  const status = /^Received HTTP status code (\d+)$/.exec(details)?.[1]
  if (status === '200' || /^(?:Received RST_STREAM|No message received|Connection dropped|read E)/.test(details)) {
    return `the answer of ${host} is cut off (${inWords(details)})`
  }
  const foreign = `an answer of a proxy, not of ${service}`
  if (status !== undefined) return `status ${status} from ${host}: ${foreign}`
  return isTextSize(details) ? `from ${host}: ${foreign}` : undefined
}

const withHost = (text: string, host: string): string => (text.includes(host) ? text : `${host}: ${text}`)

/** Whether the size of a message is four letters of a text. */
function isTextSize(details: string): boolean {
  const size = /^Received message larger than max \((\d+) vs/.exec(details)?.[1]
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(Number(size ?? 0) % 2 ** 32)
  return size !== undefined && /^[\x20-\x7e\r\n\t]{4}$/.test(bytes.toString('latin1'))
}
