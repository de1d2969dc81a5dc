// What an examination of a configuration finds.

export interface Finding {
  /** A problem is to be fixed; a remark may be meant so. */
  readonly kind: 'problem' | 'remark'
  /** What is wrong, with its place in the file: `creation_rules[0].age`. */
  readonly text: string
  /** Where it begins, counted from 1. */
  readonly line?: number
  /** Next steps. */
  readonly hints: readonly string[]
}

/** Doctor itself leaves it out (cli/doctor/sheet.ts). */
export const doctorHint = 'sops doctor checks the rules'

const found =
  (kind: Finding['kind']) =>
  (text: string, line: number | undefined, hints: readonly string[] = []): Finding => ({
    kind,
    text,
    ...(line === undefined ? {} : { line }),
    hints,
  })

export const problem: ReturnType<typeof found> = found('problem')
export const remark: ReturnType<typeof found> = found('remark')
