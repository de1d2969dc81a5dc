// What the texts of errors must not be: words of another program's insides, a label without a text behind it, a fault without a next step.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '../../src')

interface Thrown {
  readonly place: string
  readonly code: string
  /** The literal parts of the message, a `…` for each value in it; undefined where it is made elsewhere. */
  readonly text: string | undefined
  readonly options: string
}

/** Of a string, a template or a list of those. */
function literalOf(node: ts.Expression | undefined): string | undefined {
  if (node === undefined) return undefined
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  if (!ts.isArrayLiteralExpression(node)) return undefined
  const parts = node.elements.map((element) => literalOf(element))
  return parts.every((part) => part !== undefined) ? parts.join('\n') : undefined
}

function* thrownIn(file: string, node: ts.Node): Generator<Thrown> {
  if (ts.isNewExpression(node) && node.expression.getText() === 'SopsError') {
    const [code, message, options] = node.arguments ?? []
    const text = literalOf(message)
    const place = `${file}: ${text ?? message?.getText()}`
    yield { place, code: literalOf(code) ?? '', text, options: options?.getText() ?? '' }
  }
  const children: ts.Node[] = []
  node.forEachChild((child) => void children.push(child))
  for (const child of children) yield* thrownIn(file, child)
}

const thrown = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => {
    const file = name.replaceAll('\\', '/')
    const source = ts.createSourceFile(file, readFileSync(join(src, name), 'utf8'), ts.ScriptTarget.Latest, true)
    return [...thrownIn(file, source)]
  })

const texts = thrown.filter((one): one is Thrown & { text: string } => one.text !== undefined)

test('there is something to look at', () => {
  expect(texts.length).toBeGreaterThan(250)
})

/** Words of the reference that scripts look for, which the command line repeats. */
const ofReference =
  /^cli\/.*: (?:[Ee]rror: |File has not changed, exiting\.|No master keys were provided|The provided filename|can't operate on a directory)/

test.each([
  [
    'names of Go',
    /strconv|interface \{\}|map\[|\[\](?:string|byte)|float64|u?int64|time\.Time|TreeBranch|<nil>|%!|panic|nil pointer/,
  ],
  ['the word "error:" a second time', /\berror:\s/i],
  ['a label with nothing behind it', /[:;,]\s*$/],
  ['an empty line', /\n\n|^\s*$/],
  ['a full stop at the end', /(?<!\.\.)\.$/],
])('no message has %s', (_, pattern) => {
  const found = texts.filter(({ text }) => pattern.test(text)).map(({ place }) => place)
  expect(found.filter((place) => !ofReference.test(place))).toEqual([])
})

/** What is said of a whole input or output: whoever reads it has to do something. */
const needSteps = [
  'bad-input',
  'already-encrypted',
  'no-document',
  'cannot-emit',
  'mac-mismatch',
  'cleartext',
  'no-file',
]

/** Messages to which a caller adds the next step, or that say it themselves. */
const saidElsewhere: readonly (readonly [RegExp, string])[] = [
  [/^cli\/files\.ts: Error reading file: … is …: …/, 'its last part says what is read'],
  [/^formats\/ini\/print\.ts: the ini store cannot write the key … twice/, 'the next step is to take one of them away'],
  [/^formats\/ini\/print\.ts: problem/, 'names the key that cannot be written'],
  [/^formats\/yaml\/rewrite\/rewrite\.ts: /, 'no input is known that leads there'],
]

test('faults of a file say what to do next', () => {
  const bare = thrown.filter(({ code, options }) => needSteps.includes(code) && !/hints|cause/.test(options))
  const known = (place: string): boolean => saidElsewhere.some(([pattern]) => pattern.test(place))
  expect(bare.map(({ place }) => place).filter((place) => !known(place))).toEqual([])
  expect(saidElsewhere.filter(([pattern]) => !bare.some(({ place }) => pattern.test(place)))).toEqual([])
})
