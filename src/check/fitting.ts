// Which files and keys a pattern in the configuration means.
import { type Config, ruleSubject } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { compileGlob } from '../repo/index.ts'

type Test = (text: string) => boolean

/** Patterns over paths relative to the folder of the configuration; one that fits a folder is for all in it. */
export function filesFitting(patterns: readonly string[], config: Config, ctx: Context): Test {
  const tests = patterns.map((pattern) => compileGlob(pattern.replace(/(?<=.)\/+$/, '')))
  return (path) => {
    const subject = ruleSubject(config.file, path, ctx)
    for (let end = subject.length; end > 0; end = subject.lastIndexOf('/', end - 1))
      if (tests.some((fits) => fits(subject.slice(0, end)))) return true
    return false
  }
}

/** Key paths as `["a"]["b"]`, or patterns over the last key. */
export function keysFitting(patterns: readonly string[]): (keyPath: string) => boolean {
  const tests = patterns.map((pattern) => (pattern.startsWith('[') ? undefined : compileGlob(pattern)))
  return (keyPath) => {
    const last = /.*\["(.*)"\]/.exec(keyPath)?.[1] ?? ''
    return patterns.some((pattern, i) => pattern === keyPath || tests[i]?.(last) === true)
  }
}
