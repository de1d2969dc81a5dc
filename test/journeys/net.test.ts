// Generated texts under generated commands: what was not touched stays, what was set is what was asked for, every comment lives, for two readers.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong, runs, timeout } from '../fuzz/budget.ts'
import { makeTally } from '../fuzz/tally.ts'
import type { TreeFormat } from '../support/conformance/case.ts'
import { journey } from './journey.ts'
import { stepsFor, texts } from './steps.ts'

const short: Readonly<Record<TreeFormat, number>> = { yaml: 80, json: 30, dotenv: 30, ini: 30 }

describe.each(['yaml', 'json', 'dotenv', 'ini'] as const)('%s', (format) => {
  test(
    'values and comments live through every command',
    async () => {
      const tally = makeTally()
      await fc.assert(
        fc.asyncProperty(texts[format], stepsFor(format), async (text, steps) => {
          for (const what of await journey(text, steps)) tally.add(what)
        }),
        runs(short[format]),
      )
      if (isLong) console.log(`${format}: ${tally.text()}`)
      expect(tally.of('encrypted')).toBeGreaterThan(0)
    },
    timeout,
  )
})
