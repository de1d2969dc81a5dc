// What of this program's environment the programs that it starts get: all but the keys, which any of them could keep, log or lay open.
import { isSecretVariable } from './secrets.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Keys that the program started is there to use: all of them, or those whose names fit. */
export type Keeps = 'all' | RegExp | undefined

/** The variable in which the user names keys that programs get all the same, parted by commas. */
export const passVariable = 'SOPS_PASS_ENV'

/** Names count in any case, as they do on Windows. */
function passed(env: Environment): ReadonlySet<string> {
  const names = (env[passVariable] ?? '').split(',')
  return new Set(names.map((name) => name.trim().toUpperCase()))
}

/** Names of the variables with keys that a program does not get. */
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

/** What to say of a program that failed and may have wanted one of them; empty where none is missing but those of this program. */
export function withheldHint(env: Environment): string {
  const names = withheld(env, /^SOPS_/)
  if (names.length === 0) return ''
  return `it does not get ${names.join(', ')}; where it needs one: ${passVariable}=${names.join(',')}`
}
