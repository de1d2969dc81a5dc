// Which things belong together, as that becomes known bit by bit.

/** Sets of texts, of which any may become one. */
export interface Groups {
  join(texts: readonly string[]): void
  /** Equal for all texts of one set. */
  of(text: string): string
  /** It was never joined with another. */
  isAlone(text: string): boolean
}

export function makeGroups(): Groups {
  const above = new Map<string, string>()
  const tops = new Set<string>()
  const of = (text: string): string => {
    let top = text
    for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next
    for (let at = text; at !== top; ) {
      const next = above.get(at)!
      above.set(at, top)
      at = next
    }
    return top
  }
  return {
    of,
    isAlone: (text) => !above.has(text) && !tops.has(text),
    join: ([first, ...more]) => {
      for (const text of more) {
        const [top, other] = [of(first!), of(text)]
        if (top === other) continue
        above.set(other, top)
        tops.add(top)
      }
    },
  }
}
