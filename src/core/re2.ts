// Regular expressions of rules and selections, in the reference's dialect (RE2) and without backtracking (spec/format.md 5.2).

export interface Re2 {
  /** Whether the expression matches anywhere in the text. */
  test(text: string): boolean
}

/** Why an expression does not compile, in the reference's words: ``missing closing ): `(a` ``. */
export interface Re2Failure {
  readonly reason: string
}

/** An expression ready to test, or what is wrong with it. */
export async function parseRe2(pattern: string): Promise<Re2 | Re2Failure> {
  const { RE2JS } = await import('re2js')
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const reason = message.replace(/^error parsing regexp: /, '')
    // The reference always shows a fragment; here it is empty.
    return { reason: reason === 'trailing backslash at end of expression' ? `${reason}: \`\`` : reason }
  }
}

/** An expression ready to test, or undefined when it does not compile: such an expression never matches. */
export async function compileRe2(pattern: string): Promise<Re2 | undefined> {
  const parsed = await parseRe2(pattern)
  return 'reason' in parsed ? undefined : parsed
}
