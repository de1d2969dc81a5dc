// Counts what became of the inputs, so that a test can tell that it did not refuse everything.
export interface Tally {
  add(kind: string): void
  of(kind: string): number
  /** `refused 120, kept 180`. */
  text(): string
}

export function makeTally(): Tally {
  const counts = new Map<string, number>()
  return {
    add: (kind) => {
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    },
    of: (kind) => counts.get(kind) ?? 0,
    text: () => [...counts].map(([kind, count]) => `${kind} ${count}`).join(', '),
  }
}
