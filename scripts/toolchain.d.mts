export interface Pinned {
  readonly package: string
  readonly target: string
  readonly integrity: string
}
export const toolchain: { readonly version: string; readonly platforms: Readonly<Record<string, Pinned>> }
export function pinnedFor(platform: string): Pinned
export function thisPlatform(): string
export function suffixOf(platform: string): string
export function integrityOf(bytes: Uint8Array): string
export function fileIn(archive: Uint8Array, name: string): Buffer
export function runtimeOf(platform: string): Buffer
export function writeProgram(file: string, bytes: Uint8Array): void
