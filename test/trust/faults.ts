// A file layer that fails at a chosen write, or stops for good there as if the process had been killed. For `vi.mock` of node:fs/promises and
// node:fs.
import type * as fs from 'node:fs'
import type * as promises from 'node:fs/promises'

export type Fault = 'EIO' | 'ENOSPC' | 'EACCES' | 'EROFS' | 'kill'

/** What the next run does; `at` counts writes from 0. */
export const plan: { at: number; fault: Fault; writes: number; log: string[]; meanwhile: (() => void) | undefined } = {
  at: -1,
  fault: 'EIO',
  writes: 0,
  log: [],
  meanwhile: undefined,
}

/** `meanwhile` is what another program does just before the first write. */
export function plant(at: number, fault: Fault, meanwhile?: () => void): void {
  Object.assign(plan, { at, fault, writes: 0, log: [], meanwhile })
}

/** True from the moment of a planned kill. */
export const isDead = (): boolean => plan.fault === 'kill' && plan.at >= 0 && plan.writes > plan.at

/** Called before every step that changes something on disk. */
function step(name: string): void {
  if (isDead()) throw new Error('the process is gone')
  const { meanwhile } = plan
  if (plan.writes === 0 && meanwhile) {
    // What another program does is no step of this one.
    plan.meanwhile = undefined
    meanwhile()
    Object.assign(plan, { writes: 0, log: [] })
  }
  plan.log.push(name)
  if (plan.writes++ !== plan.at) return
  if (plan.fault === 'kill') throw new Error('the process is gone')
  throw Object.assign(new Error(`${plan.fault}: planned failure, ${name}`), { code: plan.fault, syscall: name })
}

const changing = ['rename', 'link', 'rm', 'writeFile', 'unlink', 'mkdir', 'chmod'] as const
const changingHandle = ['writeFile', 'write', 'chmod', 'chown', 'truncate', 'sync', 'datasync'] as const

export function faulty(real: typeof promises): typeof promises {
  const wrapped: Record<string, unknown> = { ...real }
  for (const name of changing) {
    wrapped[name] = async (...args: unknown[]) => {
      step(name)
      return (real[name] as (...args: unknown[]) => Promise<unknown>)(...args)
    }
  }
  wrapped['open'] = async (...args: Parameters<typeof promises.open>) => {
    const flags = args[1] ?? 'r'
    const writes = typeof flags === 'number' ? (flags & 3) !== 0 : flags !== 'r'
    if (writes) step('open')
    const handle = await real.open(...args)
    if (!writes) return handle
    return new Proxy(handle, {
      get(target, name) {
        const member = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        if (!changingHandle.some((one) => one === name)) return member.bind(target)
        return async (...more: unknown[]) => {
          try {
            step(String(name))
          } catch (error) {
            // A full disk takes a part of what is written.
            if (name === 'writeFile' && more[0] instanceof Uint8Array)
              await target.write(more[0].subarray(0, Math.floor(more[0].length / 2)))
            throw error
          }
          return member.apply(target, more)
        }
      },
    })
  }
  return wrapped as typeof promises
}

type Callback = (error: unknown) => void

/** What changes an open file, and tells a callback. */
const changingOpen = ['writeFile', 'fsync'] as const

/** The same without a callback. */
const changingAtOnce = ['writeFileSync', 'fchmodSync', 'fchownSync', 'renameSync'] as const

/** The same for files that are made at once and written by their descriptors. A process that was killed cleans nothing up. */
export function faultySync(real: typeof fs): typeof fs {
  const wrapped: Record<string, unknown> = { ...real }
  wrapped['rmSync'] = (...args: Parameters<typeof fs.rmSync>) => (isDead() ? undefined : real.rmSync(...args))
  wrapped['openSync'] = (...args: Parameters<typeof fs.openSync>) => {
    if (/[wa]/.test(String(args[1] ?? 'r'))) step('open')
    return real.openSync(...args)
  }
  for (const name of changingOpen) {
    wrapped[name] = (...args: unknown[]) => {
      const callback = args.at(-1) as Callback
      try {
        step(name)
      } catch (error) {
        const [descriptor, data] = args
        if (name === 'writeFile' && typeof descriptor === 'number' && data instanceof Uint8Array)
          real.writeSync(descriptor, data, 0, Math.floor(data.length / 2))
        callback(error)
        return
      }
      const call = real[name] as (...args: unknown[]) => void
      call(...args)
    }
  }
  for (const name of changingAtOnce) {
    wrapped[name] = (...args: unknown[]) => {
      try {
        step(name)
      } catch (error) {
        const [descriptor, data] = args
        if (name === 'writeFileSync' && typeof descriptor === 'number' && data instanceof Uint8Array)
          real.writeSync(descriptor, data, 0, Math.floor(data.length / 2))
        throw error
      }
      return (real[name] as (...args: unknown[]) => unknown)(...args)
    }
  }
  return wrapped as unknown as typeof fs
}
