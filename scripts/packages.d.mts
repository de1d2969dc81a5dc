/** The packages that the sources of the checkout `root` import, types aside; sorted. */
export function packagesOf(root: string): string[]
