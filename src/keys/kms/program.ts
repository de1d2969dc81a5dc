// Credentials that a program prints: `credential_process` of a profile.
import { execFile } from 'node:child_process'
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { parseJson } from '../http.ts'
import { credentialsIn } from './machine.ts'
import type { Credentials } from './sign.ts'

/** People may have to answer what the program asks. */
const limitMs = 60_000

/** @throws SopsError `generic` with what the program says, and without its command line, which may hold anything. */
export async function programCredentials(command: string, profile: string, ctx: Context): Promise<Credentials> {
  const [shell, ...args] = ctx.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c'] : ['/bin/sh', '-c']
  const failed = (why: string): SopsError =>
    new SopsError('generic', `credential_process of profile ${profile} failed${why === '' ? '' : `: ${why}`}`)
  const output = await new Promise<string>((resolve, reject) => {
    const options = {
      env: ctx.env as NodeJS.ProcessEnv,
      timeout: limitMs,
      windowsVerbatimArguments: true,
      windowsHide: true,
    }
    execFile(shell!, [...args, command], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      reject(failed(error.killed ? 'no answer within a minute' : stderr.trim().replace(/\s*\n\s*/g, ' ')))
    })
  })
  const parsed = parseJson(Buffer.from(output)) as Record<string, unknown> | null | undefined
  if (parsed?.['Version'] !== 1) throw failed('it prints no credentials of version 1')
  const credentials = credentialsIn(parsed, ctx)
  if (credentials.expiration !== undefined && credentials.expiration <= ctx.now()) throw failed('they have expired')
  return credentials
}
