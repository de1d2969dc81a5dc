// Reads XML as strictly as its standard asks for: what is written for others must not rest on a parser that forgives.

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  /** Of the element itself, without what is only layout. */
  text: string
}

const legal = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decoded(text: string): string {
  if (/&(?!(?:amp|lt|gt|quot|#x[\da-f]+);)/.test(text) || text.includes(']]>'))
    throw new Error(`not well-formed: ${text}`)
  const result = text.replace(/&(?:#x([\da-f]+)|(\w+));/g, (_, code?: string, name?: string) =>
    code === undefined ? named[name!]! : String.fromCodePoint(Number.parseInt(code, 16)),
  )
  if (!legal.test(result)) throw new Error('a character that XML does not allow')
  return result
}

/** As a parser gives it on: line ends and tabs that are no references become blanks. */
const attributesIn = (text: string): Record<string, string> => {
  const found: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(/\s([a-z]+)="([^"<]*)"/g)) {
    if (name in found) throw new Error(`${name} twice`)
    found[name] = decoded(value.replace(/[\t\n\r]/g, ' '))
  }
  return found
}

/** The root of a document. */
export function parseXml(document: string): Element {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!document.startsWith(declaration) || !legal.test(document)) throw new Error('no XML document')
  const top: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [top]
  const token = /<([a-z-]+)((?:\s[a-z]+="[^"<]*")*)(\/?)>|<\/([a-z-]+)>|([^<]+)/y
  token.lastIndex = declaration.length
  while (token.lastIndex < document.length) {
    const at = token.lastIndex
    const [, name, attributes = '', isEmpty, end, text] = token.exec(document) ?? []
    const within = open.at(-1)!
    if (name !== undefined) {
      const element: Element = { name, attributes: attributesIn(attributes), children: [], text: '' }
      within.children.push(element)
      if (isEmpty === '') open.push(element)
    } else if (end !== undefined) {
      if (open.pop()!.name !== end) throw new Error(`</${end}> ends another element`)
    } else if (text !== undefined) within.text += /^\s*$/.test(text) ? '' : decoded(text)
    else throw new Error(`not well-formed: ${document.slice(at, at + 40)}`)
  }
  if (open.length !== 1 || top.children.length !== 1 || top.text !== '') throw new Error('not one element')
  return top.children[0]!
}
