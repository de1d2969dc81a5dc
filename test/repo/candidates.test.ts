// What looks like an encrypted file, and what only speaks of one.
import { describe, expect, test } from 'vitest'
import { looksEncrypted } from '../../src/repo/index.ts'
import { sealedYaml } from '../support/repository.ts'

const looks = (text: string | Uint8Array): boolean => looksEncrypted(Buffer.from(text))

describe('looksEncrypted', () => {
  test.each([
    ['YAML', sealedYaml],
    ['YAML with line ends of Windows', sealedYaml.replaceAll('\n', '\r\n')],
    ['YAML behind a byte order mark', `\ufeff${sealedYaml}`],
    ['YAML in conflict', `<<<<<<< HEAD\n${sealedYaml}=======\n${sealedYaml}>>>>>>> side\n`],
    ['YAML without a MAC', 'a: 1\nsops:\n    age: []\n    lastmodified: x\n'],
    ['flow YAML', '{a: "ENC[x]", sops: {mac: "ENC[x]"}}\n'],
    ['JSON', '{\n\t"a": "ENC[x]",\n\t"sops": {\n\t\t"mac": "ENC[x]"\n\t}\n}\n'],
    ['JSON in one line', '{"a":"ENC[x]","sops":{"mac":"ENC[x]"}}'],
    ['a binary file', '{\n\t"data": "ENC[x]",\n\t"sops": {\n\t\t"mac": "ENC[x]"\n\t}\n}\n'],
    ['.env', 'A=ENC[x]\nsops_mac=ENC[x]\n'],
    ['INI', '[a]\nb = ENC[x]\n\n[sops]\nmac = ENC[x]\n'],
  ])('%s does', (_, text) => expect(looks(text)).toBe(true))

  test.each([
    ['nothing', ''],
    ['plain YAML', 'a: 1\n'],
    ['a mention', '# sops: see the manual, mac: none\na: 1\n'],
    ['data that has an entry of that name', 'sops:\n    enabled: true\n'],
    ['the same with a field that metadata has', 'sops:\n    age: []\n    kms: none\n'],
    ['a list in JSON', '{"keywords": ["sops", "age", "mac"]}'],
    ['settings of Flux', 'spec:\n  decryption:\n    provider: sops\n'],
    ['rules', 'creation_rules:\n  - age: age1x\n'],
    ['UTF-16', Buffer.from(sealedYaml, 'utf16le')],
  ])('%s does not', (_, text) => expect(looks(text)).toBe(false))
})
