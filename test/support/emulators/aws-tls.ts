// A certificate for localhost (and other names), made afresh, with an authority that only the test trusts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestCertificate {
  readonly key: string
  readonly cert: string
  /** Path of the certificate, to be trusted; it stays until `remove`. */
  readonly path: string
  remove(): void
}

export function makeCertificate(...more: readonly string[]): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'sops-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = `subjectAltName=${['DNS:localhost', 'IP:127.0.0.1', ...more.map((name) => `DNS:${name}`)].join(',')}`
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', names]
  execFileSync('openssl', ['req', ...options, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return {
    key: readFileSync(key, 'utf8'),
    cert: readFileSync(cert, 'utf8'),
    path: cert,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
