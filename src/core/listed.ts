// How messages list names: the first few of them, and how many more there are.

const shown = 3

export const listed = (names: readonly (string | number)[]): string =>
  names.slice(0, shown).join(', ') + (names.length > shown ? ` and ${names.length - shown} more` : '')
