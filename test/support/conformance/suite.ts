// Turns groups of recorded cases into tests, one per case.
import { afterAll, describe, expect, test } from 'vitest'
import { closeGpgHome, hasGpg } from '../gpg.ts'
import { type Case, loadGroup } from './case.ts'
import { deviations } from './deviations.ts'
import { removePrograms, runCase } from './run.ts'

/** Declares the tests of `groups`; called once, at the top of a test file. */
export function conformanceTests(groups: readonly string[]): void {
  afterAll(closeGpgHome)
  afterAll(removePrograms)
  for (const group of groups) {
    describe(group, () => {
      for (const recorded of loadGroup(group)) declare(group, recorded)
    })
  }
}

function declare(group: string, recorded: Case): void {
  const name = `${recorded.id}: ${recorded.about ?? ''}`
  const deviation = deviations[`${group}/${recorded.id}`]
  if (recorded.keys?.includes('gpg') && !hasGpg) {
    test.skip(`${name} (gpg is not installed)`, () => {})
  } else if (deviation !== undefined) {
    // A case that differs on purpose must go on differing, or its row must go.
    test(`${name} (differs: ${deviation})`, async () => {
      expect(await runCase(recorded), 'this case passes: remove it from the deviations').toBeDefined()
    })
  } else {
    test(name, async () => {
      const problem = await runCase(recorded)
      if (problem !== undefined) expect.fail(problem)
    })
  }
}
