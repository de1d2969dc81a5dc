// The checker of encrypted YAML sees what other readers refuse, in each place where it may stand.
import { expect, test } from 'vitest'
import { refusedByReference } from '../support/reference-grammar.ts'

const enc = 'ENC[AES256_GCM,data:QQ==,iv:QUJD,tag:QUJD,type:str]'
const refused = (text: string): boolean => refusedByReference('yaml', text, () => false).length > 0

test.each([
  `a: ${enc}\n`,
  `a: "${enc}"\n`,
  `- '${enc}'\n`,
  `a: |-\n  ${enc}\n`,
  `a: >2-\n  ${enc}\n`,
  `a: ['${enc}', "${enc}"]\n`,
  `a: !Ref ${enc}\nb: &x ${enc}\nc: !!str ${enc}\n`,
  `a: ${enc} #${enc}\n`,
  `a: see ${enc}\n`,
])('taken: %j', (text) => expect(refused(text)).toBe(false))

test.each([
  `a: ! ${enc}\n`,
  `- ! "${enc}"\n`,
  `a: ! |-\n  ${enc}\n`,
  `a: [! '${enc}']\n`,
  `m: {a: ! '${enc}'}\n`,
  `a: !!binary ${enc}\n`,
  `a: !<tag:yaml.org,2002:int> ${enc}\n`,
  `a: |\n  ${enc}\n`,
  `a: |+\n  ${enc}\n`,
  `a: "${enc.replace(']', '\\x5D')}"\n`,
  `a: "ENC\\x5bAES256_GCM,data:QQ==,iv:QUJD,tag:QUJD,type:str]"\n`,
])('refused: %j', (text) => expect(refused(text)).toBe(true))
