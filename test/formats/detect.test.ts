// Formats recognised from content.
import { expect, it } from 'vitest'
import { sniffFormat } from '../../src/formats/detect.ts'

it.each([
  ['{"data": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", "sops": {}}', 'binary'],
  ['{\n\t"data": "",\n\t"sops": {}\n}', 'binary'],
  ['{"data": "ENC[x]", "other": 1, "sops": {}}', 'json'],
  ['{"data": {"a": 1}, "sops": {}}', 'json'],
  ['\n {"a": "ENC[x]", "sops": {"mac": "ENC[x]"}}', 'json'],
  ['{"a": 1}', undefined],
  ['a: ENC[x]\nsops:\n    mac: ENC[x]\n', 'yaml'],
  ['A=ENC[x]\nsops_mac=ENC[x]\n', 'dotenv'],
  ['[s]\nk = ENC[x]\n\n[sops]\nmac = ENC[x]\n', 'ini'],
  ['a: 1\n', undefined],
  ['', undefined],
])('%j is %s', (text, format) => {
  expect(sniffFormat(Buffer.from(text))).toBe(format)
})
