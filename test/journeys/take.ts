// One command on an encrypted file, and what it must have done.
import { basename } from 'node:path'
import { expect } from 'vitest'
import type { CliResult } from '../support/cli.ts'
import type { TreeFormat } from '../support/conformance/case.ts'
import { documentOf, hasPlace, inDocument, newPlaces, type Place, placesOf, plainAt, spanOf } from './change.ts'
import { type Desk, recipientTwo } from './desk.ts'
import { broken, cameBack, type State, same, sameComments, stateOf, strictness, unchanged } from './laws.ts'
import { leafOf, ofBytes, type Plain, type Reading, readingDifference, type Strictness } from './reading.ts'
import { mayRefuseChange } from './refusals.ts'
import { ofJson } from './second-readers.ts'
import { shown } from './show.ts'
import type { Step } from './steps.ts'
import { bytesOf } from './texts.ts'

export interface Taken {
  /** For the tally. */
  readonly what: string
  /** Undefined where there is nothing more to do with the file. */
  readonly state: State | undefined
}

type Of<Name extends Step['do']> = Extract<Step, { do: Name }>

export async function take(step: Step, desk: Desk, state: State): Promise<Taken> {
  switch (step.do) {
    case 'set':
    case 'unset':
      return change(step, desk, state)
    case 'rotate':
    case 'updatekeys':
    case 'groups':
      return rewrap(step.do, desk, state)
    case 'edit':
      return edit(step, desk, state)
    case 'show':
    case 'extract':
      return shown(step, desk, state)
    default:
      return disturb(step.do, desk, state)
  }
}

interface Target {
  readonly place: Place
  readonly document: number
}

/** The place that a drawn number means, or undefined where there is none of its kind. */
function targetOf(step: Of<'set' | 'unset'>, desk: Desk, { tree, ours }: State): Target | undefined {
  const all: Target[] = []
  const first = ours.documents[0]
  for (const document of tree.documents.keys()) {
    if ((document === 0) === (step.where === 'later')) continue
    const places = step.where === 'new' ? newPlaces(documentOf(tree, document)) : placesOf(documentOf(tree, document))
    for (const place of places) {
      if (document > 0 && first && hasPlace(first, place.steps)) continue
      if (desk.format === 'ini' && (place.steps.length !== 2 || place.steps[0] === 'DEFAULT')) continue
      all.push({ place, document })
    }
  }
  return all.length === 0 ? undefined : all[step.pick % all.length]
}

async function change(step: Of<'set' | 'unset'>, desk: Desk, state: State): Promise<Taken> {
  const target = targetOf(step, desk, state)
  if (!target) return { what: `${step.do}: no place`, state }
  const { place, document } = target
  const wanted = step.do === 'set' ? wantedOf(step.value, desk.format) : { value: undefined }
  const said = `${step.do} ${place.cli}${step.do === 'set' ? ` ${step.value}` : ''}`
  const { code, stderr } = await run(step, desk, place.cli)
  if (code !== 0) {
    if (document === 0 && wanted && !mayRefuseChange(said, stderr))
      broken('a refusal that nothing explains', `${said}: ${stderr}`)
    return { what: `${step.do}: refused`, state }
  }
  const after = await stateOf(desk, state.isOurs)
  if (!wanted) return { what: `${step.do}: unsure`, state: after }
  const how = strictness(desk.format)
  held(`our reading after ${said}`, state.ours, after.ours, target, wanted.value, how)
  if (state.second && after.second)
    held(
      `the other reading after ${said}`,
      state.second,
      after.second,
      target,
      wanted.value,
      how === 'exact' ? 'worth' : how,
    )
  const isNew = readingDifference(state.ours, after.ours, how) !== undefined
  if (
    isNew &&
    step.do === 'set' &&
    /^-?\d/.test(step.value) &&
    !after.text.replace(/\\\r?\n\s*/g, '').includes(step.value)
  )
    broken('a number keeps its digits', `${said}: ${after.text}`)
  sameComments(state.text, after, mayGo(step.do, desk.format, state, target))
  return { what: step.do, state: after }
}

/** The document is what it was but for the place, which is what was asked for. */
function held(
  law: string,
  before: Reading,
  after: Reading,
  { place, document }: Target,
  value: Plain | undefined,
  how: Strictness,
): void {
  const plain = before.documents[document]
  // The other reader may not know the names on the way.
  if (!plain || hasPlace(plain, place.steps) !== (place.kind !== 'missing')) return
  const expected = inDocument(before, document, place.steps, value)
  if (expected) same(law, expected, after, how)
}

async function run(step: Of<'set' | 'unset'>, desk: Desk, cli: string): Promise<CliResult> {
  const more = step.do === 'unset' && step.idempotent ? ['--idempotent'] : []
  if (step.do === 'unset') return desk.run(['unset', ...more, desk.file, cli])
  const bytes = step.value.startsWith('latin1:') ? Buffer.from(step.value.slice(7), 'latin1') : Buffer.from(step.value)
  if (step.way === 'stdin') return desk.run(['set', '--value-stdin', desk.file, cli], { stdin: bytes })
  if (step.way === 'word' && !step.value.startsWith('latin1:')) return desk.run(['set', desk.file, cli, step.value])
  desk.write(bytes, 'value')
  return desk.run(['set', '--value-file', desk.file, cli, 'value'])
}

/** What a JSON text becomes in a file of the format; undefined where that is not said. */
function wantedOf(text: string, format: TreeFormat): { readonly value: Plain } | undefined {
  if (text.startsWith('latin1:')) return { value: ofBytes(Buffer.from(JSON.parse(text.slice(7)), 'latin1')) }
  const value = ofJson(text)
  if (strictness(format) === 'exact') return { value }
  if (value.kind !== 'leaf' || value.type === 'null') return undefined
  // At the end of a .env value it is layout to whoever reads the plaintext.
  if (format === 'dotenv' && value.text.endsWith('\r')) return { value: leafOf('any', value.text) }
  if (value.type === 'str' || value.type === 'bool') return { value }
  return { value: /^-?[1-9]\d*(?:\.\d*[1-9])?$/.test(text) ? leafOf('str', text) : leafOf('any', text) }
}

/** What looks like a comment inside of a replaced value goes with it, and so do comments inside of what is removed. */
function mayGo(
  verb: 'set' | 'unset',
  format: TreeFormat,
  { second, text }: State,
  { place, document }: Target,
): (at: number) => boolean {
  if (place.kind === 'missing') return () => false
  const plain = second?.documents[document]
  const span = plain && spanOf(plain, place.steps)
  if (!span) return () => true
  if (verb === 'set' && place.kind === 'leaf' && format !== 'dotenv') {
    const value = plainAt(plain, place.steps)
    const [from, to] = (value?.kind === 'leaf' && value.range) || [0, 0]
    const isBlock = /^[|>]/.test(text.slice(from))
    const start = isBlock ? text.slice(from).search(/[\r\n]/) + from : from
    return (at) => at >= start && at < to
  }
  const line = text.lastIndexOf('\n', span[0] - 1) + 1
  const isBelowDash =
    typeof place.steps.at(-1) === 'number' && place.kind !== 'leaf' && !/^\s*-\s/.test(text.slice(line))
  // Comments above a collection that begins below its dash, and comments below any, may be inside of it.
  const start = isBelowDash ? line - /(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+)*$/.exec(text.slice(0, line))![0].length : line
  const below =
    place.kind === 'leaf' ? '' : /^[^\r\n]*(?:[\r\n]+[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|$))*/.exec(text.slice(span[1]))![0]
  const end = text.indexOf('\n', Math.max(span[1] + below.length - 1, span[0]))
  return (at) => at >= start && (end < 0 || at <= end)
}

/** New keys for the same values. */
async function rewrap(name: 'rotate' | 'updatekeys' | 'groups', desk: Desk, state: State): Promise<Taken> {
  const words = {
    rotate: ['rotate', '-i', desk.file],
    updatekeys: ['--config', 'both.yaml', 'updatekeys', '-y', desk.file],
    groups: ['groups', 'add', '-f', desk.file, '--age', recipientTwo, '-i'],
  }
  const { code, stderr } = await desk.run(words[name])
  if (code !== 0) broken('a refusal that nothing explains', `${name}: ${stderr}`)
  const after = await stateOf(desk, state.isOurs)
  unchanged(desk.format, state, after)
  return { what: name, state: after }
}

async function edit(step: Of<'edit'>, desk: Desk, state: State): Promise<Taken> {
  const text = edited(step, desk.format, state.plain)
  const { code, stderr } = await desk.run(['edit', desk.file], { edited: text })
  if (code !== 0) {
    if (code !== 200 && !text.equals(state.plain)) await refusedToEncrypt(desk, text, stderr)
    return { what: `edit: refused`, state }
  }
  const after = await stateOf(desk, state.isOurs)
  await cameBack(desk.format, text, after)
  return { what: `edit ${step.how}`, state: after }
}

/** What an editor leaves is taken wherever a new file with the same text is. */
async function refusedToEncrypt(desk: Desk, text: Buffer, stderr: string): Promise<void> {
  const name = `new-${basename(desk.file)}`
  desk.write(text, name)
  const { code } = await desk.run(['encrypt', ...desk.selection, name])
  desk.write(Buffer.alloc(0), name)
  if (code === 0) broken('edit refuses what encrypt takes', stderr)
}

function edited({ how, pick, text }: Of<'edit'>, format: TreeFormat, plain: Buffer): Buffer {
  if (how === 'text') return bytesOf(text)
  const lines = plain.toString('latin1').split('\n')
  const remark = format === 'json' ? '' : '# e~999~'
  if (how === 'append') return Buffer.from(`${plain.toString('latin1').replace(/\n?$/, '\n')}${remark}\n`, 'latin1')
  if (how === 'drop') return Buffer.from(lines.toSpliced(pick % lines.length, 1).join('\n'), 'latin1')
  return Buffer.from(lines.map((line) => (/^\s*$|^---|^\.\.\./.test(line) ? line : ` ${line}`)).join('\n'), 'latin1')
}

/** What happens to files that nobody wanted to change: they open as before, or the two that were joined are not written to. */
async function disturb(how: Of<'crlf' | 'bom' | 'join' | 'quote'>['do'], desk: Desk, state: State): Promise<Taken> {
  const before = desk.read()
  const text = before.toString('latin1')
  const write = (changed: string): void => desk.write(Buffer.from(changed, 'latin1'))
  if (how === 'join') return join(desk, state, text)
  if (how === 'crlf') {
    if (text.includes('\r') || desk.selection.length > 0 || state.text.includes('_unencrypted'))
      return { what: 'crlf: not here', state }
    write(text.replaceAll('\n', '\r\n'))
  } else if (how === 'bom') {
    if (text.startsWith('\xef')) return { what: 'bom: not here', state }
    write(`\xef\xbb\xbf${text}`)
  } else write(text.replace(/^(sops_[^=\n]+|[^#=\n]+(?==ENC\[))=([^\n]*)/gm, (_, name, value) => `${name}='${value}'`))
  const { code, stderr } = await desk.run(['decrypt', desk.file])
  if (code !== 0) {
    const named = { crlf: /(?!)/, bom: /byte order mark|BOM/i, quote: /quote/i }[how]
    if (!named.test(stderr)) broken('a converted file opens, or the cause is named', `${how}: ${stderr}`)
    return { what: `${how}: refused`, state: undefined }
  }
  const after = await stateOf(desk, false)
  same(`our reading of a file after ${how}`, state.ours, after.ours, strictness(desk.format))
  return { what: how, state: after }
}

/** Documents under two data keys: whoever writes one block of metadata for both destroys one of them. */
async function join(desk: Desk, state: State, text: string): Promise<Taken> {
  desk.write(state.plain)
  const other = await desk.run(['encrypt', ...desk.selection, desk.file])
  expect(other.code, other.stderr).toBe(0)
  desk.write(
    Buffer.from(
      `${text.replace(/(?:\n\.\.\.)?\n*$/, '\n')}---\n${other.stdout.toString('latin1').replace(/^(?:\xef\xbb\xbf)?(?:%[^\n]*\n)*(?:---)?/, '')}`,
      'latin1',
    ),
  )
  const written = desk.read()
  const places = placesOf(documentOf(state.tree, 0)).map(({ cli }) => cli)
  const writers = [
    ['--config', 'both.yaml', 'updatekeys', '-y', desk.file],
    ['groups', 'add', '-f', desk.file, '--age', recipientTwo, '-i'],
    ['rotate', '-i', desk.file],
    ['set', desk.file, '["new"]', '1'],
    ...places.slice(0, 1).map((place) => ['unset', desk.file, place]),
  ]
  for (const words of writers) {
    await desk.run(words)
    expect(desk.read().equals(written), `${words.join(' ')} leaves joined files alone`).toBe(true)
  }
  return { what: 'join', state: undefined }
}
