// What is loaded when it is asked for.
export const loadOpenpgp = async (): Promise<typeof import('openpgp')> => (await import('./openpgp.ts')).loadOpenpgp()
