export function withoutSignature(file: Uint8Array): Buffer
