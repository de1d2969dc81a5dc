// Comments that lose their place with a key.
import type { IniSection } from './scan.ts'

/**
 * Where the comment of the key whose value stands at `valueStart` begins, if it would become a part of another one without the key: of that
 * of the next key or section, or of what ends the section.
 */
export function strandedComment(sections: readonly IniSection[], valueStart: number): number | undefined {
  const at = sections.findIndex(({ keys }) => keys.some(({ value }) => value.start === valueStart))
  const section = sections[at]
  const line = section?.keys.find(({ value }) => value.start === valueStart)
  const [first] = line?.block ?? []
  if (section === undefined || line === undefined || first === undefined) return undefined
  const below = section.keys
    .flatMap((key) => [key, ...key.overridden])
    .filter(({ lineStart }) => lineStart > line.lineStart)
    .sort((a, b) => a.lineStart - b.lineStart)[0]
  const next = sections[at + 1]
  const isTaken = below
    ? below.block.length > 0
    : section.trailing.length > 0 || (next !== undefined && next.name !== 'sops')
  return isTaken ? first.start : undefined
}
