// What is loaded when it is asked for.

/** Compares expressions by what they can find. */
export const loadCoverage = (): Promise<typeof import('./coverage.ts')> => import('./coverage.ts')
