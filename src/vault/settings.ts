// How to talk to Vault, from the variables of its own command line client (spec/keys.md 8.2).

import type { Context } from '../context/index.ts'
import { memoKey } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import type { TlsOptions } from '../net/index.ts'
import { parseDuration, parseProxy } from '../net/index.ts'
import { parseBool } from '../text/bool.ts'
import { readTls } from './tls.ts'

export interface VaultSettings {
  /** Sent with every request: the namespace and `VAULT_HEADERS`. */
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsOptions
  readonly proxy: URL | undefined
  /** Milliseconds for a call; undefined where the user sets no limit. */
  readonly timeout: number | undefined
  readonly retries: number
  readonly followsRedirects: boolean
  readonly looksUpServices: boolean
}

const settings = memoKey<Promise<VaultSettings>>('Vault settings')

/**
 * The settings, read once per run.
 * @throws SopsError `generic`, `cannot create Vault client: …`, naming the variable and never its value.
 */
export const vaultSettings = (ctx: Context): Promise<VaultSettings> =>
  ctx.once(settings, async () => {
    try {
      return await readSettings(ctx)
    } catch (error) {
      throw new SopsError('generic', `cannot create Vault client: ${messageOf(error)}`, { cause: error })
    }
  })

async function readSettings(ctx: Context): Promise<VaultSettings> {
  const { env } = ctx
  checkRate(env['VAULT_RATE_LIMIT'] ?? '')
  const proxyName = env['VAULT_PROXY_ADDR'] ? 'VAULT_PROXY_ADDR' : 'VAULT_HTTP_PROXY'
  const proxy = env[proxyName]
  const namespace = env['VAULT_NAMESPACE']
  return {
    headers: { ...(namespace ? { 'X-Vault-Namespace': namespace } : {}), ...readHeaders(env['VAULT_HEADERS'] ?? '') },
    tls: await readTls(ctx, flag(ctx, 'VAULT_SKIP_VERIFY')),
    proxy: proxy ? parseProxy(proxy, proxyName) : undefined,
    timeout: readTimeout(env['VAULT_CLIENT_TIMEOUT'] ?? ''),
    retries: readRetries(env['VAULT_MAX_RETRIES'] ?? ''),
    followsRedirects: !flag(ctx, 'VAULT_DISABLE_REDIRECTS'),
    looksUpServices: flag(ctx, 'VAULT_SRV_LOOKUP'),
  }
}

const refuse = (name: string, expected: string): never => {
  throw new SopsError('generic', `${name} must be ${expected}`)
}

function flag(ctx: Context, name: string): boolean {
  const text = ctx.env[name]
  return text ? (parseBool(text) ?? refuse(name, 'true or false')) : false
}

/** The longest wait of a timer; Node cuts anything longer to 1 ms. */
const longestTimeout = 2 ** 31 - 1

function readTimeout(text: string): number | undefined {
  if (text === '') return undefined
  const ms = parseDuration(text) ?? refuse('VAULT_CLIENT_TIMEOUT', 'seconds or a duration such as "30s"')
  // 0 means no limit.
  return ms === 0 ? longestTimeout : Math.min(ms, longestTimeout)
}

function readRetries(text: string): number {
  if (text === '') return 2
  return /^\d{1,4}$/.test(text) ? Number(text) : refuse('VAULT_MAX_RETRIES', 'a number')
}

/** One command makes too few calls for a limit to matter; a malformed one is still an error. */
function checkRate(text: string): void {
  if (text !== '' && !/^\d+(\.\d+)?(:\d+)?$/.test(text)) refuse('VAULT_RATE_LIMIT', 'a rate, or rate:burst')
}

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function readHeaders(text: string): Record<string, string> {
  if (text === '') return {}
  const headers = parseObject(text)
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/.test(value) || !headerName.test(name)) {
      refuse('VAULT_HEADERS', 'a JSON object of header values')
    }
    if (/^x-vault-/i.test(name)) refuse('VAULT_HEADERS', 'free of names that start with X-Vault-')
  }
  return headers as Record<string, string>
}

function parseObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // The parser's message would quote the headers, which may be secret.
  }
  return refuse('VAULT_HEADERS', 'a JSON object of header values')
}
