// Lists of places in messages.

const shown = 3

/** The first few of them, and how many more there are. */
export const listed = (names: readonly (string | number)[]): string =>
  names.slice(0, shown).join(', ') + (names.length > shown ? ` and ${names.length - shown} more` : '')
