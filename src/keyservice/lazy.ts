// What is loaded when it is asked for.
export const loadKeyServiceClient = (): Promise<typeof import('./client.ts')> => import('./client.ts')
