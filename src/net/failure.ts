// Why a service could not be reached, in the same words for all of them.
import type { Context } from '../context/index.ts'
import { messageOf } from '../errors.ts'
import { codeOf } from '../system/index.ts'
import { namedPlaces } from './certificates.ts'

type Machine = Pick<Context, 'env' | 'platform'>

/** On the error of a connection for which a service's own setting names who is trusted, instead of the machine's. */
export const trustsOwn: unique symbol = Symbol('trusts its own authorities')

interface Failure {
  /** Of the error's code and message. */
  readonly pattern: RegExp
  readonly words: (message: string, ctx: Machine, isOwn: boolean) => string
}

const named =
  /\b(?:self[- ]signed certificate|unable to (?:verify|get)[a-z ]*certificate|UNABLE_TO_[A-Z_]+|[A-Z_]*SELF_SIGNED[A-Z_]*)/

/** The first that matches counts. */
const failures: readonly Failure[] = [
  {
    pattern: new RegExp(`${named.source}|\\bCERT_UNTRUSTED\\b`),
    words: (message, ctx, isOwn) =>
      `its certificate is signed by no authority that is trusted here (${named.exec(message)?.[0] ?? message}): ${remedy(ctx, isOwn)}`,
  },
  { pattern: /\bCERT_HAS_EXPIRED\b|certificate has expired/, words: () => 'its certificate has expired' },
  {
    pattern: /\bCERT_NOT_YET_VALID\b|certificate is not yet valid/,
    words: () => "its certificate is not valid yet: is this machine's clock right?",
  },
  {
    pattern: /\bERR_TLS_CERT_ALTNAME_INVALID\b|does not match certificate's altnames/,
    words: (message) => `its certificate is for another host: ${message.replace(/^.*altnames: (?=Host|IP)/s, '')}`,
  },
  {
    pattern: /wrong version number|WRONG_VERSION_NUMBER|packet length too long|PACKET_LENGTH_TOO_LONG|:http request/,
    words: () =>
      'it answers plain HTTP, or something else that is no TLS: should the address begin with http://, or name another port?',
  },
  {
    pattern: /alert certificate required|CERTIFICATE_REQUIRED|alert bad certificate|ALERT_BAD_CERTIFICATE/,
    words: () => 'it asks for a certificate of the client, and accepts none that was shown',
  },
  {
    pattern: /\bSSL routines:/,
    words: (message) =>
      `TLS fails: ${(/SSL routines:[^:]*:([^:\n]+)/.exec(message)?.[1] ?? message).replaceAll('_', ' ').toLowerCase()}`,
  },
  {
    pattern: /before secure TLS connection was established/,
    words: () => 'it closed the connection before TLS was set up',
  },
  { pattern: /socket hang up/, words: () => 'it closed the connection without an answer' },
  { pattern: /\bHPE_[A-Z_]+/, words: () => 'what it answers is no HTTP' },
]

/** Where the authority that is missing belongs. */
function remedy(ctx: Machine, isOwn: boolean): string {
  if (isOwn) return "if it should be, add its authority's certificate to those that this service's own setting names"
  const places = namedPlaces(ctx)
  const place =
    places.length > 0 ? `to what ${places.join(' and ')} name${places.length > 1 ? '' : 's'}` : "to the machine's"
  return `if it should be, add its authority's certificate ${place}, or name a file with it in NODE_EXTRA_CA_CERTS`
}

/**
 * What went wrong with a connection: for errors of the system, of TLS and of HTTP, and for those of clients that wrap or quote them.
 * The host is for the caller to name: `cannot reach HOST: …`.
 */
export function connectionText(error: unknown, ctx: Machine): string {
  if (error instanceof AggregateError && error.errors.length > 0) return connectionText(error.errors[0], ctx)
  if (!(error instanceof Error)) return messageOf(error)
  const text = `${codeOf(error) ?? ''} ${error.message}`
  const failure = failures.find(({ pattern }) => pattern.test(text))
  return failure === undefined ? messageOf(error) : failure.words(error.message, ctx, trustsOwn in error)
}

/** Where a client of others failed to connect: under this name on its error. */
export const failedPlace: unique symbol = Symbol('failed place')

type Marked = Error & { readonly [failedPlace]?: string; readonly errors?: readonly unknown[] }

/**
 * `cannot reach HOST: …` for the error of a client that uses one of our agents, however deep it holds the connection's own, or that quotes it
 * as node-fetch does; undefined for any other failure.
 */
export function unreachable(error: unknown, ctx: Machine, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined
  const { [failedPlace]: place, cause, errors } = error as Marked
  if (place !== undefined) return `cannot reach ${place}: ${connectionText(error, ctx)}`
  const quoted = /^request to https?:\/\/([^/\s]+)\S* failed, reason: (.*)$/s.exec(error.message)
  if (quoted !== null) return `cannot reach ${quoted[1]}: ${connectionText(new Error(quoted[2]), ctx)}`
  for (const one of [cause, ...(errors ?? [])]) {
    const text = unreachable(one, ctx, depth + 1)
    if (text !== undefined) return text
  }
  return undefined
}

/** True for an answer of which only a part came. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof Error && codeOf(error) === 'ECONNRESET' && error.message === 'aborted'
