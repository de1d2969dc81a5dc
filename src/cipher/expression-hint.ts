// What to do about an expression that does not compile.
import { globHint, looksLikeGlob } from '../text/glob.ts'

/** By what the engine says. */
const remedies: readonly (readonly [reason: RegExp, remedy: string])[] = [
  [/`(?:\(\?<?[=!]|\(\?>|\\[1-9]|\\k)/, 'expressions follow RE2: no look-around and no back-references'],
  [/missing closing \]/, 'a [ begins a set of characters, which ends with ]; \\[ is the character itself'],
  [/missing closing \)/, 'a ( begins a group, which ends with ); \\( is the character itself'],
  [/unexpected \)/, 'a ) ends a group, which begins with (; \\) is the character itself'],
  [/nested repetition/, 'one repetition cannot follow another: put the inner one into a group, as in (a*)*'],
  [/repetition operator/, '* + and ? repeat what is before them: .* is any text, \\* the character itself'],
  [/repeat count/, 'a repetition goes up to 1000: x{1000}'],
  [/character class range/, 'a set is written as in [a-z] or [[:alpha:]], the lower character first'],
  [/backslash at end/, 'a backslash takes the character behind it as itself: \\\\ is a backslash'],
  [
    /invalid escape/,
    'a backslash before a letter or digit has a meaning of its own, or none: leave it out for the character itself',
  ],
  [/named capture|capture group name/, 'a group is named once, as in (?P<name>…)'],
]

/** @param name the setting; `reason` is what the engine says. */
export function expressionHint(name: string, expression: string, reason: string): string {
  if (looksLikeGlob(expression)) return globHint(name, expression)
  const [, remedy] = remedies.find(([about]) => about.test(reason)) ?? []
  return remedy ?? 'expressions are written as RE2 takes them, which leaves out some of what other programs do'
}
