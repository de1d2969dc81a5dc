export function sumsOf(files: readonly (readonly [name: string, sha256: string])[]): string
