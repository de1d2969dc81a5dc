// The automaton that the engine makes of an expression. The engine keeps it to itself, so everything read here is checked.

/** One step; `out` and `other` are numbers of instructions. */
export interface Instruction {
  readonly kind: 'split' | 'go' | 'condition' | 'fail' | 'match' | 'rune'
  readonly out: number
  /** Of a split: the second way. Of a condition: the bits of what has to hold. */
  readonly other: number
  /** Characters at which the answer of `matches` may change. */
  readonly edges: readonly number[]
  matches(rune: number): boolean
}

export interface Automaton {
  readonly instructions: readonly Instruction[]
  readonly start: number
}

interface Raw {
  readonly op: number
  readonly out: number
  readonly arg: number
  readonly runes: ArrayLike<number>
  matchRune(rune: number): boolean
}

/** The engine's numbers of its instructions. */
const kinds: readonly (Instruction['kind'] | undefined)[] = [
  undefined,
  'split',
  'split',
  'go',
  'condition',
  'fail',
  'match',
  'go',
  'rune',
  'rune',
  'rune',
  'rune',
]

const any = 10
const anyButNewline = 11
const newline = 10
const last = 0x10ffff

const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && 'op' in value && 'out' in value && 'arg' in value && 'runes' in value

function edgesOf({ op, runes }: Raw): readonly number[] {
  if (op === anyButNewline) return [newline]
  if (op === any) return []
  const ends = Array.from(runes, (rune, i) => (runes.length > 1 && i % 2 === 1 ? rune + 1 : rune))
  const spellings = ends.flatMap((rune) => {
    const text = rune <= last ? String.fromCodePoint(rune) : ''
    return [rune, ...[text.toLowerCase(), text.toUpperCase()].flatMap((one) => one.codePointAt(0) ?? [])]
  })
  return [...spellings, ...spellings.map((rune) => rune + 1)].filter((rune) => rune <= last)
}

function instructionOf(raw: Raw): Instruction | undefined {
  const kind = kinds[raw.op]
  if (kind === undefined) return undefined
  const matches = (rune: number): boolean =>
    raw.op === any || (raw.op === anyButNewline ? rune !== newline : raw.matchRune(rune))
  return { kind, out: raw.out, other: raw.arg, edges: kind === 'rune' ? edgesOf(raw) : [], matches }
}

/** Undefined where the engine does not show its automaton. @throws any error for an expression that is not valid RE2. */
export async function compileAutomaton(expression: string): Promise<Automaton | undefined> {
  const { RE2JS } = await import('re2js')
  const { re2Input } = RE2JS.compile(expression) as unknown as {
    re2Input?: { prog?: { inst?: unknown; start?: unknown } }
  }
  const { inst, start } = re2Input?.prog ?? {}
  if (!Array.isArray(inst) || typeof start !== 'number' || !inst.every(isRaw)) return undefined
  const instructions = inst.map(instructionOf)
  return instructions.every((one) => one !== undefined) ? { instructions, start } : undefined
}
