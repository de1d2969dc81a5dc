// The dates of metadata: RFC 3339 in UTC, to the second (spec/format.md 6.1).

export const secondsText = (now: Date): string => now.toISOString().replace(/\.\d+Z$/, 'Z')
