// Puts the check into a hook of the repository, or says what to put where: nothing of somebody else is overwritten.
import { dirname } from 'node:path'
import { cannotWrite, changed, createFile, fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { makeFolders } from '../../system/index.ts'
import { fileWord, quote } from '../../text/quote.ts'
import { writeOutput } from '../files.ts'
import type { Io } from '../invocation.ts'
import { blockOf, type HookName, hookNames, runsCheck, withHook } from './block.ts'
import { callOf, managerOf } from './managers.ts'
import { type HookPlace, placeOf } from './place.ts'

const action: Readonly<Record<HookName, string>> = { 'pre-commit': 'commit', 'pre-push': 'push' }

const isHook = (word: string): word is HookName => hookNames.some((name) => name === word)

/**
 * The hooks that the values of `--hook` name, each once.
 * @throws SopsError `generic` for another one, for one among the patterns, and for hooks of all repositories.
 */
export function namedHooks(
  values: readonly string[],
  patterns: readonly string[],
  global: boolean,
): readonly HookName[] {
  if (values.length > 0 && global) {
    throw new SopsError(
      'generic',
      '--hook is for one repository: hooks for all would take the place of those that each has',
      {
        hints: ['run sops git install --hook in each repository'],
      },
    )
  }
  const astray = values.length > 0 ? patterns.find(isHook) : undefined
  if (astray !== undefined) {
    throw new SopsError('generic', `${astray} is no pattern here`, {
      hints: [`the name of a hook stands behind an equals sign: sops git install --hook=${astray}`],
    })
  }
  const names = values.map((value) => {
    if (value !== '' && !isHook(value))
      throw new SopsError('generic', `--hook=${quote(value)}: it is ${hookNames.join(' or ')}`)
    return value === '' ? hookNames[0] : value
  })
  return [...new Set(names)]
}

const runsAlready = (name: HookName, where: string, io: Io): Promise<void> =>
  io.say(`sops check runs before each ${action[name]} already (${where})`)

/** Whoever misses it counts on a check that is not there. */
const warn = (name: HookName, reason: string, io: Io): void =>
  io.ctx.log({ level: 'warning', logger: 'CMD', message: `no ${name} hook was written: ${reason}` })

/** Says why nothing was written, and what to write by hand. */
async function leave(name: HookName, reason: string, lines: readonly string[], io: Io): Promise<void> {
  warn(name, reason, io)
  let lead = `for sops check before each ${action[name]}, `
  for (const line of lines) {
    await io.say(lead + line)
    lead = ''
  }
}

/** Our lines, for a hook in which they are not written. */
function byHand(name: HookName, { path, text }: HookPlace): readonly string[] {
  const lines = blockOf(name).trimEnd().split('\n')
  return text === undefined ? [`make ${path}, executable:`, '#!/bin/sh', ...lines] : [`add to ${path}:`, ...lines]
}

/** Installs one hook. What cannot be is said, with what to do by hand, and is no failure. @throws SopsError. */
export async function installHook(name: HookName, top: string, io: Io): Promise<void> {
  const place = await placeOf(name, top, io)
  const { path, text, refusal, isOff } = place
  const manager = await managerOf(place, name)
  if (manager) {
    const { file, lines } = manager
    if (manager.text !== undefined && runsCheck(manager.text, name)) return runsAlready(name, file, io)
    return leave(name, `${manager.name} has the hooks of this repository`, [`add to ${file}:`, ...lines], io)
  }
  if (isOff && refusal === undefined) {
    const steps = `chmod +x ${fileWord(path)}, and sops git install --hook again, if it is wanted`
    return warn(name, `${path} is not executable, so Git does not run it: ${steps}`, io)
  }
  const woven = withHook(text, name)
  if (refusal === undefined && 'text' in woven) {
    if (woven.text === text) return runsAlready(name, path, io)
    await write(place, Buffer.from(woven.text, 'latin1'), io)
    return io.say(`sops check now runs before each ${action[name]} (${path})`)
  }
  if (text !== undefined && runsCheck(text, name)) return runsAlready(name, path, io)
  if ('text' in woven) return leave(name, refusal!, byHand(name, place), io)
  const lines = [`have ${path} run this, and fail where it fails:`, callOf(name)]
  return leave(name, refusal ?? `${path} ${woven.unfit}`, lines, io)
}

/** @throws SopsError `cannot-write`, also where somebody else has been there since it was read. */
async function write({ path, text }: HookPlace, next: Uint8Array, io: Io): Promise<void> {
  if (text !== undefined) {
    return writeOutput(io.host, path, next, { expect: fingerprint(Buffer.from(text, 'latin1')) })
  }
  try {
    await makeFolders(dirname(path), 0o777)
    const mode = 0o755 & ~io.host.umask
    if (!(await createFile(io.host, path, next, { exclusive: true, mode }))) throw changed(path)
  } catch (error) {
    throw cannotWrite(error, path, 'hook')
  }
}
