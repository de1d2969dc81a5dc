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
  // YAML with an indented root, by other programs.
  ['  a: ENC[x]\n  sops:\n    mac: ENC[x]\n', 'yaml'],
  ['# c\n---\n\n  a: ENC[x]\n  "sops":\n    mac: ENC[x]\n', 'yaml'],
  ['a:\n  b: 1\n  sops:\n    mac: x\n', undefined],
  ['  a:\n    sops:\n      mac: x\n', undefined],
  // YAML in braces that is no JSON.
  [`{"a": 'ENC[x]',\nsops:\n  {mac: 'ENC[x]'}}`, 'yaml'],
  [`{"a": ENC[x], sops: {mac: 'ENC[x]'}}`, 'yaml'],
  [`{"a": "ENC[x]", "sops": {mac: "ENC[x]"}}`, 'yaml'],
  [`{"a": "ENC[x]", # c\n "sops": {"mac": "ENC[x]"}}`, 'yaml'],
  [`{"a": "it's", "b": [1.5e3, -2E-7, true, false, null], "sops": {"mac": "ENC[x]"}}`, 'json'],
  // Broken JSON stays JSON, so that the error is that of JSON.
  [`{"a": "ENC[x]", "sops": {"mac": "ENC[x]"},}`, 'json'],
  [`{"sops": {"mac": "ENC[x]"}, "a": "ENC[x`, 'json'],
  [`{"sops": {"mac": "ENC[x]"},\n<<<<<<< HEAD\n"a": 1,\n=======\n"a": 2}`, 'json'],
  // Behind a byte order mark.
  ['\ufeff{"a": "ENC[x]", "sops": {"mac": "ENC[x]"}}', 'json'],
  ['\ufeffsops:\n  mac: ENC[x]\n', 'yaml'],
  ['', undefined],
])('%j is %s', (text, format) => {
  expect(sniffFormat(Buffer.from(text))).toBe(format)
})
