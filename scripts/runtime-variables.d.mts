export const obeyed: readonly string[]
export function withoutVariables(runtime: Uint8Array): Buffer
