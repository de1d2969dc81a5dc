// Files of the corpus with bytes changed: each is refused with a reported error, or what it says comes back from its encrypted form.
import { describe, expect, test } from 'vitest'
import { type FormatId, formatIds, loadFormat, SopsError } from '../../src/index.ts'
import { isLong, runs, seed, timeout } from './budget.ts'
import { mutant } from './corpus.ts'
import { orReported, reseal, sameTrees, seal, unseal } from './sealed.ts'
import { makeTally } from './tally.ts'

/** The file is safe, but the layout is one that rewriting gets wrong. */
const isUnwritable = (error: SopsError): boolean => error.message.includes('could not be opened again')

/** What became of a text on its way through encryption, editing and decryption. */
async function journey(
  format: FormatId,
  bytes: Buffer,
): Promise<'unreadable' | 'refused' | 'unwritable' | 'kept' | { wrong: string }> {
  const { parse, print } = await loadFormat(format)
  const plain = await orReported(() => parse(bytes))
  if (plain instanceof SopsError) return 'unreadable'
  const printed = await orReported(() => print(plain.tree))
  if (!(printed instanceof SopsError)) await orReported(() => parse(printed))
  const sealed = await orReported(() => seal(bytes, { format }))
  if (sealed instanceof SopsError) return isUnwritable(sealed) ? 'unwritable' : 'refused'
  const opened = await orReported(() => unseal(sealed, format))
  if (opened instanceof SopsError) return { wrong: `does not open again: ${opened.message}` }
  const again = await orReported(() => parse(opened))
  if (again instanceof SopsError) return { wrong: `comes back as what cannot be read: ${again.message}` }
  if (!sameTrees(plain.tree, again.tree)) return { wrong: 'comes back with other values' }
  const edited = await orReported(() => reseal(sealed, opened, format))
  if (edited instanceof SopsError) return { wrong: `cannot be edited: ${edited.message}` }
  const after = await orReported(() => unseal(edited, format))
  if (after instanceof SopsError) return { wrong: `does not open after an edit: ${after.message}` }
  return Buffer.compare(after, opened) === 0
    ? 'kept'
    : { wrong: 'comes back changed from an edit that changed nothing' }
}

describe.each(formatIds.filter((id) => id !== 'binary'))('%s', (format) => {
  test(
    'mutated files are refused, or keep their values',
    async () => {
      const count = runs(format === 'yaml' ? 200 : 150).numRuns ?? 0
      const tally = makeTally()
      const problems: string[] = []
      for (let i = 0; i < count && problems.length < (isLong ? 200 : 20); i++) {
        const { name, bytes } = mutant(seed + i, format)
        const outcome = await journey(format, bytes).catch((error: unknown) => ({ wrong: `defect: ${String(error)}` }))
        if (isLong && outcome === 'unwritable') console.log(`unwritable: ${name}`)
        if (typeof outcome === 'string') tally.add(outcome)
        else problems.push(`${name}: ${outcome.wrong}`)
      }
      if (isLong) console.log(`mutated ${format}: ${tally.text()}`)
      expect(problems).toEqual([])
      expect(tally.of('unwritable')).toBeLessThanOrEqual(count / 100)
      expect(tally.of('kept')).toBeGreaterThan(count / 50)
    },
    timeout,
  )
})
