// Comments live through commands: the law of comment-law.ts, over generated texts and sequences of commands.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLong, runs, timeout } from './budget.ts'
import { commands, commentLaw, selections } from './comment-law.ts'
import { commentedDotenv, commentedIni, commentedYaml } from './comment-texts.ts'
import { makeTally } from './tally.ts'

test.each([
  ['yaml', commentedYaml, 120],
  ['ini', commentedIni, 40],
  ['dotenv', commentedDotenv, 20],
] as const)(
  'every comment of %s stays readable, once, after any commands',
  async (id, texts, count) => {
    const tally = makeTally()
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(...selections), commands, async (text, selection, todo) =>
        tally.add(await commentLaw(text, id, selection, todo)),
      ),
      runs(count),
    )
    if (isLong) console.log(`${id} comments: ${tally.text()}`)
    expect(tally.of('2 commands')).toBeGreaterThan(0)
  },
  timeout,
)
