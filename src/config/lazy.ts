// What is loaded when it is asked for.

/** Examines a whole configuration. */
export const loadExaminer = (): Promise<typeof import('./examine.ts')> => import('./examine.ts')
