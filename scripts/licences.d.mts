export function packagesIn(metafile: { readonly inputs: Readonly<Record<string, unknown>> }): string[]
export function licencesOf(
  metafile: { readonly inputs: Readonly<Record<string, unknown>> },
  root: string,
  more?: readonly string[],
): string
export function runtimeLicences(): {
  readonly text: string
  readonly lead: string
  readonly parts: readonly { readonly name: string; readonly licence: string }[]
}
