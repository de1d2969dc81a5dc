// What is loaded when it is asked for.
export const loadLargeBinary = (): Promise<typeof import('./large-binary.ts')> => import('./large-binary.ts')
