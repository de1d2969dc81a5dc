// Takes the check out of a hook again.
import { fingerprint } from '../../disk/index.ts'
import { rm } from '../../system/index.ts'
import { writeOutput } from '../files.ts'
import type { Io } from '../invocation.ts'
import { type HookName, withoutHook } from './block.ts'
import { placeOf } from './place.ts'

/** Removes our lines, and a hook that is nothing else. What cannot be written is said, and is no failure. @throws SopsError. */
export async function uninstallHook(name: HookName, top: string, io: Io): Promise<void> {
  const { path, text, refusal } = await placeOf(name, top, io)
  const rest = withoutHook(text)
  if (text === undefined || rest === text) return
  if (refusal !== undefined) {
    const message = `${path} keeps the lines of sops check: ${refusal}`
    return io.ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  if (rest === undefined) await rm(path)
  else
    await writeOutput(io.host, path, Buffer.from(rest, 'latin1'), { expect: fingerprint(Buffer.from(text, 'latin1')) })
  await io.say(`sops check no longer runs by ${path}`)
}
