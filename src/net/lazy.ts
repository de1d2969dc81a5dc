// What is loaded when it is asked for.
export const loadCredentialReader = (): Promise<typeof import('./credential-file.ts')> => import('./credential-file.ts')
