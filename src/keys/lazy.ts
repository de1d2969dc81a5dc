// What is loaded when it is asked for.

/** Makes age identities; loaded when asked for. */
export const loadKeygen = (): Promise<typeof import('./age/keygen.ts')> => import('./age/keygen.ts')
