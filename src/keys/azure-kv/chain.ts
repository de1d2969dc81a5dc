// The chain of ways to a token, in the order of Azure's SDKs (spec/keys.md 7.2); those that are common here without the SDK, which takes
// longer to load than a whole run.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Context } from '../../context.ts'
import { quote } from '../../core/quote.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { Credential, Token } from './credential.ts'
import { managedCredential } from './managed.ts'
import { azCredential, azdCredential } from './programs.ts'
import { type SdkName, sdkCredential } from './sdk.ts'
import { environmentCredential, workloadCredential } from './service-principal.ts'

interface Member {
  readonly name: SdkName
  /** For messages. */
  readonly label: string
  /** A developer's login that has ended does not end the search. */
  readonly isForPeople: boolean
  readonly credential: Credential
}

const service = (name: SdkName, label: string, credential: Credential): Member => ({
  name,
  label,
  isForPeople: false,
  credential,
})
const people = (name: SdkName, label: string, credential: Credential): Member => ({
  ...service(name, label, credential),
  isForPeople: true,
})

function members(ctx: Context, wanted: string): readonly Member[] {
  const isOnly = wanted === 'managedidentitycredential'
  const services = [
    service('EnvironmentCredential', 'environment', environmentCredential(ctx)),
    service('WorkloadIdentityCredential', 'workload identity', workloadCredential(ctx)),
    service('ManagedIdentityCredential', 'managed identity', managedCredential(ctx, isOnly)),
  ]
  const code = people(
    'VisualStudioCodeCredential',
    'Visual Studio Code',
    sdkCredential('VisualStudioCodeCredential', ctx),
  )
  const shell = people('AzurePowerShellCredential', 'Azure PowerShell', powerShell(ctx))
  const programs = [
    people('AzureCliCredential', 'az', azCredential(ctx)),
    people('AzureDeveloperCliCredential', 'azd', azdCredential(ctx)),
    shell,
  ]
  if (wanted === '') return [...services, ...programs]
  if (wanted === 'prod') return services
  if (wanted === 'dev') return programs
  return [...services, ...programs, code].filter(({ name }) => name.toLowerCase() === wanted)
}

/**
 * The first way that is open gives all tokens of the run.
 * @throws SopsError `generic` for an `AZURE_TOKEN_CREDENTIALS` that names none.
 */
export function credentialChain(ctx: Context): (...args: Parameters<Credential>) => Promise<Token> {
  const given = ctx.env['AZURE_TOKEN_CREDENTIALS'] ?? ''
  const chain = members(ctx, given.trim().toLowerCase())
  if (chain.length === 0) {
    const known = 'prod, dev, or the name of a credential, such as AzureCliCredential'
    throw new SopsError('generic', `Invalid value for AZURE_TOKEN_CREDENTIALS: ${quote(given)} is none of ${known}`)
  }
  let chosen: Member | undefined
  return async (challenge, deadline) => {
    const reasons: string[] = []
    for (const member of chosen === undefined ? chain : [chosen]) {
      const token = await member.credential(challenge, deadline).catch((error: unknown) => {
        const isLast = !member.isForPeople || deadline.signal.aborted
        if (isLast) throw error
        return { missing: messageOf(error) }
      })
      if ('text' in token) {
        chosen = member
        return token
      }
      reasons.push(`${member.label}: ${token.missing}`)
    }
    throw new SopsError('generic', `no Azure credentials found (${reasons.join('; ')})`)
  }
}

/** Loading the SDK only to hear that the program is not there would be a pity. */
function powerShell(ctx: Context): Credential {
  const names = ctx.platform === 'win32' ? ['pwsh.exe', 'powershell.exe'] : ['pwsh']
  const folders = (ctx.env['PATH'] ?? ctx.env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const viaSdk = sdkCredential('AzurePowerShellCredential', ctx)
  return async (challenge, deadline) =>
    folders.some((folder) => names.some((name) => isProgram(join(folder, name))))
      ? viaSdk(challenge, deadline)
      : { missing: 'it is not installed' }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
