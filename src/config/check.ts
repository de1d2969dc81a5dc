// Warnings about a configuration that loads but probably does not mean what its author intended. They never make a file invalid.

import { compileRegex, selectionSettings } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { editDistance } from '../text/suggest.ts'
import type { Config, RawRule, UnknownField } from './load.ts'
import type { StructShape } from './shape.ts'

/** Something suspicious in a configuration. `line` counts from 1. */
export interface Warning {
  readonly message: string
  readonly line: number
  /** The field that the author probably meant. */
  readonly suggestion?: string
}

/** Case and separators are what people get wrong first: `keyGroups`, `encrypted-regex`. */
const normal = (name: string): string => name.toLowerCase().replace(/[-_ .]/g, '')

const isNear = (a: string, b: string, limit: number): boolean =>
  Math.abs(a.length - b.length) <= limit && editDistance(a, b) <= limit

/** Short names differ little from each other: three letters allow one slip. */
const slips = (name: string): number => (name.length <= 4 ? 1 : 2)

/** The field of a shape that a name probably means. */
export function suggestField(name: string, shape: StructShape): string | undefined {
  const known = Object.keys(shape.fields)
  const wanted = normal(name)
  const exact = known.find((field) => normal(field) === wanted)
  if (exact !== undefined) return exact
  if (shape.aliases && Object.hasOwn(shape.aliases, wanted)) return shape.aliases[wanted]
  return known.find((field) => isNear(wanted, normal(field), Math.min(slips(wanted), slips(field))))
}

/** The usual marks of fields for other programs. */
const isForeign = (name: string): boolean => /^(?:x-|_|\.|\$)/.test(name)

/** A field that nobody reads. */
export interface StrayField extends UnknownField {
  readonly suggestion: string | undefined
}

/** Unknown fields; at the top level, where others are usual, only those that were probably meant for known ones. */
export const strayFields = ({ unknown }: Config): readonly StrayField[] =>
  unknown
    .map((field) => ({ ...field, suggestion: suggestField(field.name, field.shape) }))
    .filter(({ name, shape, suggestion }) => !isForeign(name) && (suggestion !== undefined || !shape.open))

function warningAbout({ name, line, where, suggestion }: StrayField, path: string): Warning {
  const meant = suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`
  const place = where === '' ? '' : ` in ${where}`
  const message = `${path}, line ${line}: unknown field ${JSON.stringify(name)}${place} is ignored${meant}`
  return { message, line, ...(suggestion === undefined ? {} : { suggestion }) }
}

/** What is suspicious about a configuration. */
export function checkConfig(config: Config): Warning[] {
  const { file, secondDocument: line } = config
  const second = line === undefined ? [] : [{ message: `${file.path}, line ${line}: ${secondDocumentText}`, line }]
  return [...strayFields(config).map((field) => warningAbout(field, file.path)), ...second]
}

export const secondDocumentText = 'a second document begins, which is not read: only the first one counts'

/** Next steps where a field is missed: those of the same map, or below it, that nobody reads. */
export const strayHints = (config: Config, where = ''): readonly string[] =>
  strayFields(config)
    .filter((field) => field.where === where || (where !== '' && field.where.startsWith(`${where}.`)))
    .map((field) => warningAbout(field, config.file.path).message)

/** Next steps where a configuration has no rules. */
export const ruleHints = (config: Config): readonly string[] => [
  ...strayHints(config),
  `add a creation rule to ${config.file.path}: "creation_rules:", and below it "  - age: age1…"`,
]

/** Files, and expressions, that were warned of in this run. */
const fieldsTold = memoKeys<void>('fields of configurations')
const expressionsTold = memoKeys<void>('expressions of rules')

/** Logs `checkConfig`, once per run and file. */
export function warnAboutConfig(config: Config, ctx: Context): void {
  onceEach(ctx, fieldsTold, config.file.path, () => {
    for (const { message } of checkConfig(config)) ctx.log({ level: 'advice', logger: 'CONFIG', message, once: true })
  })
}

/** Warns, once per run, about an expression that decides what is encrypted and does not compile: for the reference it never matches. */
export async function warnAboutSelection(rule: RawRule, where: string, config: Config, ctx: Context): Promise<void> {
  for (const { field, by } of selectionSettings) {
    const pattern = rule[field]
    if (!pattern || by === 'suffix') continue
    try {
      await compileRegex(pattern, `${field} of ${where}`)
    } catch (error) {
      if (error instanceof SopsError) throw error
      const message = `${config.file.path}: ${field} of ${where} does not compile and never matches: ${messageOf(error)}`
      onceEach(ctx, expressionsTold, `${config.file.path}:${where}:${field}`, () =>
        ctx.log({ level: 'warning', logger: 'CONFIG', message, once: true }),
      )
    }
  }
}
