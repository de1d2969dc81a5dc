// The ways to a token that only the vendor's SDK knows; it reads the environment of the process.
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { loadOptional } from '../optional.ts'
import { within } from '../within.ts'
import type { Credential, NotHere, Token } from './credential.ts'

export type SdkName =
  | 'AzureCliCredential'
  | 'AzureDeveloperCliCredential'
  | 'AzurePowerShellCredential'
  | 'EnvironmentCredential'
  | 'ManagedIdentityCredential'
  | 'VisualStudioCodeCredential'
  | 'WorkloadIdentityCredential'

interface SdkCredential {
  getToken(
    scope: string,
    options: { readonly abortSignal: AbortSignal; readonly tenantId?: string },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>
}

type Identity = Readonly<Record<SdkName, new (options?: Readonly<Record<string, unknown>>) => SdkCredential>>

/** @throws SopsError `missing-dependency` when it is used and the package is absent. */
export function sdkCredential(name: SdkName, ctx: Context): Credential {
  let made: SdkCredential | undefined
  const make = async (): Promise<SdkCredential> => {
    const clientId = name === 'ManagedIdentityCredential' ? ctx.env['AZURE_CLIENT_ID'] : undefined
    const identity: Identity = await loadOptional('@azure/identity', () => import('@azure/identity'))
    return new identity[name](clientId ? { clientId } : {})
  }
  return ({ scope, tenant }, deadline) =>
    within(
      Math.max(1, Math.ceil(deadline.left())),
      'Azure credentials',
      async (abortSignal): Promise<Token | NotHere> => {
        try {
          made ??= await make()
          const token = await made.getToken(scope, { abortSignal, ...(tenant ? { tenantId: tenant } : {}) })
          if (token === null) return { missing: `${name} gives no token` }
          return { text: token.token, lifetime: (token.expiresOnTimestamp - Date.now()) / 1000 }
        } catch (error) {
          if (error instanceof SopsError) throw error
          if (error instanceof Error && error.name === 'CredentialUnavailableError') return { missing: error.message }
          throw new SopsError('generic', messageOf(error), { cause: error })
        }
      },
    )
}
