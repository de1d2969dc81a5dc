// Versions: the reference's that files carry, and strict semver comparison (spec/format.md 6.6).
import { SopsError } from '../errors.ts'

/** The version of SOPS whose files and behaviour this program matches; written into the metadata of new files. */
export const compatibleVersion = '3.13.2'

type Version = readonly [major: bigint, minor: bigint, patch: bigint, pre: readonly string[]]

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-.]+)?$/

/** @throws SopsError `generic` with the reference's words, for anything but strict semver behind an optional `v`. */
function parseVersion(text: string): Version {
  const bare = text.startsWith('v') ? text.slice(1) : text
  if (bare === '') throw new SopsError('generic', 'Version string empty: a version is three numbers, such as 3.13.2')
  if (bare.split('.', 3).length < 3)
    throw new SopsError(
      'generic',
      `No Major.Minor.Patch elements found in ${JSON.stringify(bare)}: a version is three numbers, such as 3.13.2`,
    )
  const match = pattern.exec(bare)
  if (!match) throw new SopsError('generic', `Invalid character(s) found in version number ${JSON.stringify(bare)}`)
  return [BigInt(match[1]!), BigInt(match[2]!), BigInt(match[3]!), match[4]?.split('.') ?? []]
}

const sign = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0)

function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!]
    const numeric = [/^\d+$/.test(x), /^\d+$/.test(y)]
    const order =
      numeric[0] && numeric[1]
        ? sign(BigInt(x), BigInt(y))
        : numeric[0] !== numeric[1]
          ? numeric[0]
            ? -1
            : 1
          : sign(x, y)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Negative, zero or positive, by semver 2.0.0 section 11. A file version that starts with `1.` is older than everything. */
export function compareVersions(a: string, b: string): number {
  if (a.startsWith('1.') && !b.startsWith('1.')) return -1
  const [x, y] = [parseVersion(a), parseVersion(b)]
  for (let i = 0; i < 3; i++) {
    const order = sign(x[i] as bigint, y[i] as bigint)
    if (order !== 0) return order
  }
  return Math.sign(comparePre(x[3], y[3]))
}

/** Refuses a file whose version cannot be compared; newer versions than ours are fine. */
export function checkFileVersion(version: string): void {
  compareVersions(version, '3.3.0')
}
