// Which of our environment variables the programs that we start get: all but the keys, which they could keep, log or expose.
import { isSecretVariable } from './secrets.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Keys that a program needs for its work: all of them, or those whose names match. */
export type Keeps = 'all' | RegExp | undefined

/** In this variable the user lists keys, separated by commas, that programs get all the same. */
const passVariable = 'SOPS_PASS_ENV'

/** Names are compared without regard to case, as Windows does. */
function passed(env: Environment): ReadonlySet<string> {
  const names = (env[passVariable] ?? '').split(',')
  return new Set(names.map((name) => name.trim().toUpperCase()))
}

/** Names of the key variables that are kept from a program. */
export function withheld(env: Environment, keeps?: Keeps): readonly string[] {
  if (keeps === 'all') return []
  const asked = passed(env)
  return Object.keys(env).filter((name) => {
    const upper = name.toUpperCase()
    return isSecretVariable(upper) && env[name] && !asked.has(upper) && !keeps?.test(upper)
  })
}

/** The environment without what is withheld. */
export function environmentFor(env: Environment, keeps?: Keeps): Environment {
  const without = new Set(withheld(env, keeps))
  if (without.size === 0) return env
  const rest: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(env)) if (!without.has(name)) rest[name] = value
  return rest
}

/** A hint for when a program failed and may have missed one of them; empty if all that are withheld are our own. */
export function withheldHint(env: Environment): string {
  const names = withheld(env, /^SOPS_/)
  if (names.length === 0) return ''
  return `it does not get ${names.join(', ')}; where it needs one: ${passVariable}=${names.join(',')}`
}
