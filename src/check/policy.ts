// What `x-sops-ts.policy` asks of a file.
import type { Config, Policy } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { filesFitting } from '../repo/index.ts'

/** The fields of all policies for a file, later ones first. */
export type FilePolicy = Partial<Omit<Policy, 'files'>>

/** Answers for many files under one configuration. */
export function policyFinder(config: Config | undefined, ctx: Context): (path: string) => FilePolicy {
  if (config === undefined) return () => ({})
  const policies = (config.own.policy ?? []).map(({ files, ...policy }) => ({
    policy,
    fits: filesFitting(files, config, ctx),
  }))
  return (path) => {
    const sum: Record<string, unknown> = {}
    for (const { policy, fits } of policies) if (fits(path)) Object.assign(sum, policy)
    return sum
  }
}
