// Guesses which name a misspelt word means.

/** Changes of one character (insert, delete, replace, swap of neighbours) that lead from one word to the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replaced, above[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = above
    above = row
  }
  return above[b.length]!
}

/** The name with the fewest changes to `word`, or one that contains it; undefined when every one differs in more than a quarter of it. */
export function closest(word: string, names: readonly string[]): string | undefined {
  const changes = (name: string): number =>
    name.toLowerCase().includes(word.toLowerCase()) ? 0 : editDistance(word, name)
  let found: string | undefined
  let least = word.length / 4
  for (const name of new Set(names)) {
    const distance = changes(name)
    if (distance < least) [found, least] = [name, distance]
  }
  return found
}

/** The name that `word` probably means; undefined when none is near or the word is very long. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length < 3 || word.length > 40) return undefined
  const allowed = word.length < 6 ? 1 : 2
  let found: string | undefined
  let least = allowed + 1
  for (const name of names) {
    if (name.length < 3 || Math.abs(name.length - word.length) >= least) continue
    const distance = editDistance(word, name)
    if (distance < least) [found, least] = [name, distance]
  }
  return found
}
