// Looks for many byte sequences at once: a window slides over the text, and only where its hash is that of a beginning is anything compared.

/** What is looked for. */
export interface Sought<T> {
  /** At least `shortest` bytes. */
  readonly bytes: Uint8Array
  readonly is: T
}

/** In bytes: the window. */
const shortest = 8

const factor = 16777619

/** The weight of the byte that leaves the window. */
let leaving = 1
for (let i = 1; i < shortest; i++) leaving = Math.imul(leaving, factor)

function hashAt(bytes: Uint8Array, at: number): number {
  let hash = 0
  for (let i = at; i < at + shortest; i++) hash = (Math.imul(hash, factor) + bytes[i]!) | 0
  return hash
}

/** Searches texts for all of them; each text takes as long as it is. */
export function makeSearch<T>(sought: readonly Sought<T>[]): (text: Uint8Array) => readonly { at: number; is: T }[] {
  const byHash = new Map<number, Sought<T>[]>()
  const maybe = new Uint8Array(2 ** 16)
  for (const one of sought) {
    const hash = hashAt(one.bytes, 0)
    const known = byHash.get(hash)
    if (known) known.push(one)
    else byHash.set(hash, [one])
    maybe[hash & 0xffff] = 1
  }
  return (text) => {
    const found: { at: number; is: T }[] = []
    if (text.length < shortest) return found
    let hash = hashAt(text, 0)
    for (let at = 0; ; at++) {
      if (maybe[hash & 0xffff] === 1)
        for (const { bytes, is } of byHash.get(hash) ?? []) if (isAt(text, at, bytes)) found.push({ at, is })
      if (at + shortest >= text.length) return found
      hash = (Math.imul(hash - Math.imul(text[at]!, leaving), factor) + text[at + shortest]!) | 0
    }
  }
}

function isAt(text: Uint8Array, at: number, bytes: Uint8Array): boolean {
  if (at + bytes.length > text.length) return false
  for (let i = 0; i < bytes.length; i++) if (text[at + i] !== bytes[i]) return false
  return true
}
