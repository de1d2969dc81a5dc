// The instance metadata service of EC2 on loopback, version 2: nothing without its token.
import { type Listening, listen } from './listen.ts'

export interface InstanceMetadata extends Listening {
  readonly url: string
  /** Method, path, and the token or its wanted lifetime. */
  readonly seen: string[]
}

export interface InstanceMetadataOptions {
  readonly role?: string
  readonly credentials?: object
  /** Gives no tokens, as where the service is switched off. */
  readonly refuses?: boolean
  /** Takes connections and never answers, as a firewall makes it look. */
  readonly silent?: boolean
}

const folder = '/latest/meta-data/iam/security-credentials/'

export async function startInstanceMetadata(options: InstanceMetadataOptions = {}): Promise<InstanceMetadata> {
  const { role = 'app@role', credentials = {}, refuses = false, silent = false } = options
  const seen: string[] = []
  const server = await listen(({ method, path, headers }, response) => {
    const token = headers['x-aws-ec2-metadata-token']
    seen.push(`${method} ${path} ${token ?? headers['x-aws-ec2-metadata-token-ttl-seconds']}`)
    if (silent) return
    const answer = (status: number, text: string): unknown => response.writeHead(status).end(text)
    if (method === 'PUT' && path === '/latest/api/token') return answer(refuses ? 403 : 200, 'imds-token')
    if (token !== 'imds-token') return answer(401, '')
    if (path === folder) return answer(role === '' ? 404 : 200, `${role}\n`)
    return path === folder + role ? answer(200, JSON.stringify(credentials)) : answer(404, '')
  })
  return { ...server, url: server.address, seen }
}
