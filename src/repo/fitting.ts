// Which files a pattern in the configuration means.
import { type Config, ruleSubject } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { compileGlob } from './glob.ts'

/** Patterns over paths relative to the folder of the configuration; one that fits a folder is for all in it. */
export function filesFitting(patterns: readonly string[], config: Config, ctx: Context): (path: string) => boolean {
  const tests = patterns.map((pattern) => compileGlob(pattern.replace(/(?<=.)\/+$/, '')))
  return (path) => {
    if (tests.length === 0) return false
    const subject = ruleSubject(config.file, path, ctx)
    for (let end = subject.length; end > 0; end = subject.lastIndexOf('/', end - 1))
      if (tests.some((fits) => fits(subject.slice(0, end)))) return true
    return false
  }
}
