// Checks data against a JSON schema; knows the keywords that the schemas of this project use.

export type Schema = Readonly<Record<string, unknown>>

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const hasType = (value: unknown, wanted: unknown): boolean =>
  [wanted].flat().some((one) => one === typeOf(value) || (one === 'integer' && Number.isInteger(value)))

/** What of a value is not as the schema wants it. `root` holds the definitions. */
export function violations(value: unknown, at: Schema, root: Schema = at, where = '$'): string[] {
  const within = (inner: unknown, schema: Schema, place: string): string[] => violations(inner, schema, root, place)
  const entries = typeOf(value) === 'object' ? Object.entries(value as object) : []
  const known = (at.properties ?? {}) as Record<string, Schema>
  return Object.entries(at).flatMap(([keyword, wanted]): string[] => {
    switch (keyword) {
      case '$schema':
      case '$defs':
      case 'title':
      case 'description':
        return []
      case '$ref':
        return within(value, (root.$defs as Record<string, Schema>)[(wanted as string).replace('#/$defs/', '')]!, where)
      case 'type':
        return hasType(value, wanted) ? [] : [`${where} is ${typeOf(value)}`]
      case 'enum':
        return (wanted as unknown[]).includes(value) ? [] : [`${where} is not in the list`]
      case 'pattern':
        return typeof value !== 'string' || new RegExp(wanted as string).test(value) ? [] : [`${where} does not match`]
      case 'anyOf': {
        const all = (wanted as Schema[]).map((option) => within(value, option, where))
        return all.some((option) => option.length === 0) ? [] : all.flat()
      }
      case 'items':
        return Array.isArray(value) ? value.flatMap((item, i) => within(item, wanted as Schema, `${where}[${i}]`)) : []
      case 'required':
        return (wanted as string[])
          .filter((name) => !entries.some(([own]) => own === name))
          .map((name) => `${where} lacks ${name}`)
      case 'properties':
        return entries.flatMap(([name, inner]) => (known[name] ? within(inner, known[name], `${where}.${name}`) : []))
      case 'additionalProperties':
        return entries
          .filter(([name]) => known[name] === undefined)
          .flatMap(([name, inner]) =>
            wanted === false ? [`${where} has ${name}`] : within(inner, wanted as Schema, `${where}.${name}`),
          )
      default:
        throw new Error(`keyword ${keyword}`)
    }
  })
}
