// Commands that only show values: in another format, or one of them.
import { expect } from 'vitest'
import { documentOf, placesOf, plainAt } from './change.ts'
import type { Desk } from './desk.ts'
import { broken, type State } from './laws.ts'
import { difference, leafOf, type Plain } from './reading.ts'
import { mayRefuseChoice } from './refusals.ts'
import { decoded, ofJson, readSecond } from './second-readers.ts'
import type { Step } from './steps.ts'
import type { Taken } from './take.ts'

type Of<Name extends Step['do']> = Extract<Step, { do: Name }>

export const shown = (step: Of<'show' | 'extract'>, desk: Desk, state: State): Promise<Taken> =>
  step.do === 'show' ? show(step.as, desk, state) : extract(step.pick, desk, state)

async function show(as: Of<'show'>['as'], desk: Desk, state: State): Promise<Taken> {
  if (as === desk.format) return { what: 'show: the same', state }
  const { code, stdout, stderr } = await desk.run(['decrypt', '--output-type', as, desk.file])
  if (code !== 0) return { what: `show ${as}: refused`, state }
  const others = state.ours.documents.slice(1)
  if (others.some((document) => document.kind === 'map' && document.pairs.length > 0) && as !== 'yaml')
    expect(stderr, 'documents that are not shown are mentioned').toMatch(/document/)
  const first = state.ours.documents[0] ?? { kind: 'map', pairs: [] }
  if (as === 'dotenv') {
    for (const line of linesOf(first)) expect(`\n${stdout.toString()}`, `dotenv output`).toContain(`\n${line}\n`)
  } else if (as === 'json')
    expect(difference(withoutTypes(first), ofJson(decoded(stdout).text), 'worth'), 'the values as JSON').toBeUndefined()
  else {
    const read = readSecond('yaml', stdout)?.documents[0]
    if (read) expect(difference(first, read, 'worth'), 'the values as YAML').toBeUndefined()
  }
  return { what: `show ${as}`, state }
}

/** A JSON text has times as texts. */
function withoutTypes(plain: Plain): Plain {
  if (plain.kind === 'leaf') return plain.type === 'time' ? leafOf('str', plain.text) : plain
  if (plain.kind === 'list')
    return { kind: 'list', items: plain.items.map(({ value }) => ({ value: withoutTypes(value) })) }
  return { kind: 'map', pairs: plain.pairs.map((pair) => ({ ...pair, value: withoutTypes(pair.value) })) }
}

const linesOf = (plain: Plain): string[] =>
  plain.kind !== 'map'
    ? []
    : plain.pairs.flatMap(({ key, value }) =>
        value.kind === 'leaf' && /^(?:str|int)$/.test(value.type)
          ? [`${key}=${value.text.replaceAll('\n', '\\n')}`]
          : [],
      )

async function extract(pick: number, desk: Desk, state: State): Promise<Taken> {
  const all = state.tree.documents.flatMap((_, i) => placesOf(documentOf(state.tree, i)).map((place) => ({ place, i })))
  const { place, i } = all[pick % Math.max(all.length, 1)] ?? {}
  if (!place) return { what: 'extract: no place', state }
  const { code, stdout, stderr } = await desk.run(['decrypt', '--extract', place.cli, desk.file])
  if (code !== 0) {
    const mayRefuse = desk.format === 'dotenv' || desk.format === 'ini' || mayRefuseChoice(stderr)
    if (i === 0 && place.kind === 'leaf' && !mayRefuse)
      broken('a refusal that nothing explains', `extract ${place.cli}: ${stderr}`)
    return { what: 'extract: refused', state }
  }
  // An index may mean a key and its value in an earlier document.
  const value = i === 0 ? plainAt(state.ours.documents[0]!, place.steps) : undefined
  if (value?.kind !== 'leaf') return { what: 'extract: not compared', state }
  if (value.type === 'str') expect(stdout.toString(), `extract ${place.cli}`).toBe(value.text)
  if (value.type === 'bytes') expect(stdout.toString('base64'), `extract ${place.cli}`).toBe(value.text)
  if (value.type === 'int') expect(BigInt(stdout.toString().trim()), `extract ${place.cli}`).toBe(BigInt(value.text))
  return { what: 'extract', state }
}
