// Generated YAML texts: what is encrypted comes back byte for byte, but for what encrypting names as lost, with its values in any case.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLong, runs, timeout } from './budget.ts'
import { makeTally } from './tally.ts'
import { yamlJourney } from './yaml-journey.ts'
import { yamlTexts } from './yaml-texts.ts'

test(
  'yaml texts come back as they were, but for the losses that are named',
  async () => {
    const tally = makeTally()
    await fc.assert(
      fc.asyncProperty(yamlTexts, async (text) => tally.add(await yamlJourney(text))),
      runs(80),
    )
    if (isLong) console.log(`yaml texts: ${tally.text()}`)
    expect(tally.of('kept')).toBeGreaterThan(0)
  },
  timeout,
)
