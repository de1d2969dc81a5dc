// What the reference refuses of a map's keys.
import { lineIn } from '../../../text/position.ts'
import { contentText, targetOf, type YMap, type YNode } from './nodes.ts'
import { parseError } from './text.ts'

const isMap = (node: YNode): boolean => targetOf(node).kind === 'map'

const isMergeable = (value: YNode): boolean =>
  isMap(value) || (value.kind === 'list' && value.elements.every((element) => isMap(element.value)))

const isMerge = (key: YNode): boolean =>
  key.kind === 'scalar' && key.value === '<<' && key.style === '' && key.tag !== '!!str'

/** @throws SopsError `parse` for keys that are no scalars or stand twice, and for merges of what is no map. */
export function checkKeys(text: string, map: YMap): void {
  const seen = new Map<string, YNode>()
  for (const { key, value } of map.entries) {
    if (targetOf(key).kind !== 'scalar') throw parseError(text, key.start, 'invalid map key')
    const word = contentText(key)
    const id = (key.kind === 'alias' ? '*' : '=') + word
    const other = seen.get(id)
    if (other) {
      const line = lineIn(text, other.content)
      throw parseError(text, key.content, `mapping key ${JSON.stringify(word)} already defined at line ${line}`, {
        fault: 'key twice',
      })
    }
    seen.set(id, key)
    if (isMerge(key) && !isMergeable(value)) {
      throw parseError(text, value.start, 'map merge requires map or sequence of maps as the value')
    }
  }
}
