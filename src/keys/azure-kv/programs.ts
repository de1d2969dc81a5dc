// Tokens from the programs that developers are logged in with: `az` and `azd`.
import { execFile } from 'node:child_process'
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { type Deadline, parseJson } from '../http.ts'
import type { Challenge } from './challenge.ts'
import { type Credential, type NotHere, resourceOf } from './credential.ts'
import { secondsUntil } from './oauth.ts'
import { sdkCredential } from './sdk.ts'

export function azCredential(ctx: Context): Credential {
  const args = (challenge: Challenge): string[] => [
    ...['account', 'get-access-token', '--output', 'json', '--resource', resourceOf(challenge)],
    ...(challenge.tenant === undefined ? [] : ['--tenant', challenge.tenant]),
  ]
  return onUnix('AzureCliCredential', ctx, async (challenge, deadline) => {
    const answer = await run('az', args(challenge), ctx, deadline)
    if ('missing' in answer) return answer
    const { accessToken: text, expires_on: end, expiresOn: date } = answer.json
    return typeof text === 'string'
      ? { text, lifetime: secondsUntil(end ?? date) }
      : noToken('az account get-access-token')
  })
}

export function azdCredential(ctx: Context): Credential {
  const args = ({ scope, tenant }: Challenge): string[] => [
    ...['auth', 'token', '--output', 'json', '--no-prompt', '--scope', scope],
    ...(tenant === undefined ? [] : ['--tenant-id', tenant]),
  ]
  return onUnix('AzureDeveloperCliCredential', ctx, async (challenge, deadline) => {
    const answer = await run('azd', args(challenge), ctx, deadline)
    if ('missing' in answer) return answer
    const { token: text, expiresOn: end } = answer.json
    return typeof text === 'string' ? { text, lifetime: secondsUntil(end) } : noToken('azd auth token')
  })
}

const noToken = (command: string): NotHere => ({ missing: `${command} prints no token` })

/** On Windows they are scripts of its shell. */
const onUnix = (
  name: 'AzureCliCredential' | 'AzureDeveloperCliCredential',
  ctx: Context,
  own: Credential,
): Credential => (ctx.platform === 'win32' ? sdkCredential(name, ctx) : own)

/** What the program prints. A login that has ended is as good as none. */
async function run(
  program: string,
  args: readonly string[],
  ctx: Context,
  deadline: Deadline,
): Promise<{ readonly json: Record<string, unknown> } | NotHere> {
  const command = `${program} ${args.slice(0, 2).join(' ')}`
  const output = await new Promise<string | NotHere>((resolve, reject) => {
    // Not where the user is: a folder of theirs may hold settings of somebody else.
    const options = { env: ctx.env as NodeJS.ProcessEnv, signal: deadline.signal, cwd: '/' }
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      if (deadline.signal.aborted) return reject(new SopsError('generic', `${command}: no answer in time`))
      if (error.code === 'ENOENT') return resolve({ missing: `${program} is not installed` })
      resolve({
        missing: `${command}: ${stderr.trim().replace(/\s*\n\s*/g, ' ') || `it failed (status ${error.code})`}`,
      })
    })
  })
  if (typeof output !== 'string') return output
  const json = parseJson(Buffer.from(output))
  return { json: typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {} }
}
