// Which keys a pattern in the configuration means.
import { compileGlob } from '../repo/index.ts'

/** Key paths as `["a"]["b"]`, or patterns over the last key. */
export function keysFitting(patterns: readonly string[]): (keyPath: string) => boolean {
  const tests = patterns.map((pattern) => (pattern.startsWith('[') ? undefined : compileGlob(pattern)))
  return (keyPath) => {
    const last = /.*\["(.*)"\]/.exec(keyPath)?.[1] ?? ''
    return patterns.some((pattern, i) => pattern === keyPath || tests[i]?.(last) === true)
  }
}
