// The store of certificates that a platform keeps, and contexts of TLS connections with the authorities that they trust.
import type { SecureContext, SecureContextOptions } from 'node:tls'

/** What a connection shows and speaks. */
export type Presented = Pick<SecureContextOptions, 'cert' | 'key' | 'passphrase' | 'minVersion' | 'maxVersion'>

/** An authority that is trusted need not be a root, as in Go: some companies hand out only the one that signs. */
const partial = { allowPartialTrustChain: true } as const

// Loaded when the first connection is made: starting the program does without.
const tls = (): typeof import('node:tls') => process.getBuiltinModule('node:tls')

/** The authorities in the store of macOS or Windows, in PEM; none where the runtime cannot read it. */
export function storeCertificates(): readonly string[] {
  const { getCACertificates } = tls() as { getCACertificates?: (type: 'system') => readonly string[] }
  return getCACertificates?.('system') ?? []
}

interface Adding {
  /** Node ignores what is no certificate, others throw. */
  readonly addCACert?: (certificate: string) => void
}

/** Trusts the runtime's own authorities and `more`, of which those that cannot be read are left out. */
export function contextWith(more: readonly string[], presented: Presented): SecureContext {
  const { createSecureContext, rootCertificates } = tls()
  const context = createSecureContext({ ...presented, ...partial })
  const own = new Set(rootCertificates)
  const missing = more.filter((one) => !own.has(one))
  const native = context.context as Adding
  // Parsing all of the runtime's own once more takes 20 ms.
  if (native.addCACert === undefined) return contextOf([...rootCertificates, ...missing], presented)
  for (const certificate of missing) {
    try {
      native.addCACert(certificate)
    } catch {
      // As the others.
    }
  }
  return context
}

/**
 * Trusts `authorities` alone, which must be one at least: for an empty list some runtimes take their own.
 * @throws RangeError; or the runtime's error where it can read none of them.
 */
export function contextOf(authorities: readonly string[], presented: Presented): SecureContext {
  const { createSecureContext } = tls()
  const make = (ca: readonly string[]): SecureContext => {
    if (ca.length === 0) throw new RangeError('no authority is given')
    return createSecureContext({ ...presented, ...partial, ca: [...ca] })
  }
  try {
    return make(authorities)
  } catch (error) {
    // Some runtimes throw if one cannot be read, others leave it out.
    const good = authorities.filter(isReadable)
    if (good.length === authorities.length) throw error
    return make(good)
  }
}

function isReadable(certificate: string): boolean {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  try {
    return new X509Certificate(certificate) !== undefined
  } catch {
    return false
  }
}
