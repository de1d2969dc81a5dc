// What writing files takes of the outside.

export interface Writer {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** Mode bits that new files lack. */
  readonly umask: number
  /** Registers synchronous work that must be done however the program ends; the returned function takes it back. */
  onCleanup(work: () => void): () => void
}
