/** The names of the functions, and of values in parentheses. */
export function namesOf(text: string): string[]

/** Gives a source of the checkout `root` with a line that names its functions. */
export function tellingFunctions(root: string): (text: string, path: string) => string
