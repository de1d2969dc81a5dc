export interface Component {
  readonly name: string
  readonly group?: string
  readonly version?: string
  readonly purl: string
  readonly hashes: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses: readonly object[]
  readonly components?: readonly { readonly name: string }[]
}
export interface Bill {
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}
export function billOfMaterials(of: {
  readonly metafile: { readonly inputs: Readonly<Record<string, unknown>> }
  readonly pkg: { readonly name: string; readonly version: string; readonly license: string }
  readonly lock: { readonly packages: Readonly<Record<string, object>> }
  readonly runtime: {
    readonly package: string
    readonly version: string
    readonly integrity: string
    readonly parts: readonly { readonly name: string; readonly licence: string }[]
  }
  readonly sha256: string
}): Bill
