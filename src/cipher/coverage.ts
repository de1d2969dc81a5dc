// Whether an expression can find a text in which none of others finds anything: rules that never apply are told by it. All texts are looked at
// at once, by walking through the automata of the expressions side by side.
import { type Automaton, compileAutomaton, type Instruction } from './automaton.ts'

/** States that may still be looked at, over several questions. */
export interface Budget {
  states: number
}

/** Conditions of RE2 on the place between two characters. */
const beginLine = 1
const endLine = 2
const beginText = 4
const endText = 8
const wordBoundary = 16
const noWordBoundary = 32

const newline = 10
const isWord = (rune: number | undefined): boolean => rune !== undefined && /\w/.test(String.fromCodePoint(rune))

/** Which conditions hold between two characters; undefined stands for the ends of the text. */
const conditions = (before: number | undefined, after: number | undefined): number =>
  (before === undefined ? beginText | beginLine : before === newline ? beginLine : 0) |
  (after === undefined ? endText | endLine : after === newline ? endLine : 0) |
  (isWord(before) === isWord(after) ? noWordBoundary : wordBoundary)

/** Instructions at which a search stands; `found` once it has found something, whatever follows. */
type Places = readonly number[] | 'found'

/** Where a search stands once everything is done that consumes no character. */
function settled({ instructions, start }: Automaton, places: Places, holds: number): readonly Instruction[] | 'found' {
  if (places === 'found') return 'found'
  const seen = new Set<number>()
  const waiting: Instruction[] = []
  const todo = [...places, start]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const instruction = instructions[at]!
    const { kind, out, other } = instruction
    if (kind === 'match') return 'found'
    if (kind === 'rune') waiting.push(instruction)
    else if (kind === 'split') todo.push(out, other)
    else if (kind === 'go' || (kind === 'condition' && (other & ~holds) === 0)) todo.push(out)
  }
  return waiting
}

const after = (waiting: readonly Instruction[] | 'found', rune: number): Places =>
  waiting === 'found'
    ? 'found'
    : [...new Set(waiting.filter((one) => one.matches(rune)).map(({ out }) => out))].sort((a, b) => a - b)

/** More characters than this tell no expression of a rule apart. */
const mostCharacters = 200

/** One of each kind of character that the automata tell apart. */
function characters(automata: readonly Automaton[]): readonly number[] | undefined {
  const instructions = automata.flatMap((automaton) => automaton.instructions.filter(({ kind }) => kind === 'rune'))
  // The last two are letters of ASCII to an expression without case.
  const edges = new Set([0x61, 0x2f, 0x2e, newline, 0x20, 0x212a, 0x17f])
  for (const { edges: own } of instructions) for (const edge of own) edges.add(edge)
  const kinds = new Map<string, number>()
  for (const rune of edges) {
    const kind = `${isWord(rune)} ${rune === newline} ${instructions.map((one) => Number(one.matches(rune))).join('')}`
    if (!kinds.has(kind)) kinds.set(kind, rune)
  }
  return kinds.size > mostCharacters ? undefined : [...kinds.values()]
}

interface State {
  /** What was read. */
  readonly text: string
  readonly before: number | undefined
  readonly wanted: Places
  readonly others: readonly Places[]
}

const keyOf = ({ before, wanted, others }: State): string =>
  `${before === undefined ? 'begin' : before === newline ? 'line' : isWord(before)} ${wanted} ${others.join(' ')}`

/** A text, `none` if there is no such text, or `unknown` if it is too much work to tell. */
export type Witness = { readonly text: string } | 'none' | 'unknown'

/**
 * A shortest text in which `expression` finds something and none of `others` does.
 * @throws what `compileAutomaton` throws for an expression that is not valid.
 */
export async function witness(expression: string, others: readonly string[], budget: Budget): Promise<Witness> {
  const wanted = await compileAutomaton(expression)
  const automata = await Promise.all(others.map(compileAutomaton))
  const all = [wanted, ...automata].filter((automaton) => automaton !== undefined)
  const alphabet = characters(all)
  if (wanted === undefined || all.length <= automata.length || alphabet === undefined) return 'unknown'
  const known = all.slice(1)
  const first: State = { text: '', before: undefined, wanted: [], others: known.map(() => []) }
  const seen = new Set([keyOf(first)])
  const queue = [first]
  for (const state of queue) {
    if (budget.states-- <= 0) return 'unknown'
    if (isWitness(state, wanted, known)) return { text: state.text }
    for (const next of following(state, wanted, known, alphabet)) {
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(next)
    }
  }
  return 'none'
}

/** True if the text may end here. */
function isWitness(state: State, wanted: Automaton, others: readonly Automaton[]): boolean {
  const holds = conditions(state.before, undefined)
  const isFound = (automaton: Automaton, places: Places): boolean => settled(automaton, places, holds) === 'found'
  return isFound(wanted, state.wanted) && !others.some((automaton, i) => isFound(automaton, state.others[i]!))
}

/** The states after one more character, without those in which another search has found something. */
function following(
  state: State,
  wanted: Automaton,
  others: readonly Automaton[],
  alphabet: readonly number[],
): readonly State[] {
  return alphabet.flatMap((rune) => {
    const holds = conditions(state.before, rune)
    const waiting = others.map((automaton, i) => settled(automaton, state.others[i]!, holds))
    if (waiting.includes('found')) return []
    const next = after(settled(wanted, state.wanted, holds), rune)
    const text = state.text + String.fromCodePoint(rune)
    return [{ text, before: rune, wanted: next, others: waiting.map((one) => after(one, rune)) }]
  })
}
