// How TLS connections are made that trust the right authorities (certificates.ts).
import { createHash } from 'node:crypto'
import type { Agent } from 'node:https'
import type { ConnectionOptions, SecureContext } from 'node:tls'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { contextOf, contextWith, type Presented } from '../runtime/index.ts'
import { type Authorities, authorities, certificatesIn, namedPlaces } from './certificates.ts'

/** What a connection trusts and presents instead of, or beyond, what the machine says. */
export type TlsOptions = Pick<ConnectionOptions, keyof Presented | 'servername' | 'rejectUnauthorized'> & {
  /** Texts in PEM: nobody else is trusted then. */
  readonly ca?: string | readonly string[]
}

interface Secured {
  readonly secureContext: SecureContext
  /** Its connections are kept open, across runs too. */
  readonly agent: Agent
}

export type From = Pick<Context, 'env' | 'cwd' | 'platform' | 'once'>

/** By what they trust and present. */
const made = new Map<string, Secured>()
const mostKept = 16

/**
 * How a TLS connection is made, with `options` or as the machine says.
 * @throws SopsError `generic` where there is no authority to trust.
 */
export function secured(ctx: From, options: TlsOptions = {}): Secured {
  const { ca: _, servername, rejectUnauthorized, ...presented } = options
  const ca = options.ca === undefined ? undefined : [options.ca].flat().flatMap(certificatesIn)
  const trusted =
    ca !== undefined ? { certificates: ca, alone: true, unread: [] } : machineTrust(ctx, rejectUnauthorized !== false)
  const identity = hashOf([trusted.alone, trusted.certificates, presented])
  const known = made.get(identity)
  if (known !== undefined) return known
  const secureContext = trusted.alone
    ? alone(trusted, ca === undefined ? namedPlaces(ctx) : [], presented)
    : contextWith(trusted.certificates, presented)
  const { Agent } = process.getBuiltinModule('node:https')
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000, secureContext } as object)
  const fresh = { secureContext, agent }
  const [oldest] = made.keys()
  if (made.size >= mostKept && oldest !== undefined) made.delete(oldest)
  made.set(identity, fresh)
  return fresh
}

const machineTrust = (ctx: From, checks: boolean): Authorities =>
  checks ? authorities(ctx) : { certificates: [], alone: false, unread: [] }

function alone(
  { certificates, unread }: Authorities,
  variables: readonly string[],
  presented: Presented,
): SecureContext {
  const place = variables.length > 0 ? variables.join(' and ') : 'the file of trusted authorities'
  if (certificates.length === 0) {
    const verb = variables.length > 1 ? 'name' : variables.length > 0 ? 'names' : 'holds'
    const reason = unread.length > 0 ? ` (${unread.join('; ')})` : ''
    const message = `${place} ${verb} no certificate that can be read, so no server can be trusted${reason}`
    throw new SopsError('generic', message)
  }
  try {
    return contextOf(certificates, presented)
  } catch (error) {
    throw new SopsError('generic', `the certificates cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

const hashOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('base64')
