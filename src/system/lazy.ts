// What is loaded when it is asked for.
export const loadStart = (): Promise<typeof import('./start.ts')> => import('./start.ts')
