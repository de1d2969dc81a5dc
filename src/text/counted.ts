// Numbers of things in messages.

/** `1 value`, `4 values`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
