import { expect, it } from 'vitest'
import { json } from '../../src/formats/json.ts'

it('takes the metadata out again exactly as it came in', () => {
  const sops = { kind: 'entry', key: 'sops', value: { kind: 'map', items: [{ kind: 'entry', key: 'mac', value: { kind: 'leaf', value: 'ENC[' } }, { kind: 'entry', key: 'age', value: { kind: 'list', items: [{ kind: 'map', items: [{ kind: 'entry', key: 'enc', value: { kind: 'leaf', value: 'x\ny' } }] }] } }] } } as const
  for (const s of ['{"a": 1, "b": {"c": [1.50, "x<"]}}', '{\n  "a":   1 ,\n  "b": []}', '{}', '{ }', '{\n}\n', '{\r\n\t"a":1\r\n}\r\n', '{"a":1}']) {
    const p = json.parse(Buffer.from(s))
    const d = p.tree.documents[0]!
    const enc = json.rewrite(p, { documents: [{ ...d, items: [...d.items, sops] }] }, { encrypted: true })
    const q = json.parse(enc)
    const e = q.tree.documents[0]!
    expect(Buffer.from(json.rewrite(q, { documents: [{ ...e, items: e.items.slice(0, -1) }] })).toString()).toBe(s)
  }
})
