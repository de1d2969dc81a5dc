// Keeps memory out of core dumps. Node cannot set limits, but Linux lets a process choose what a dump of it holds (core(5)).
import { closeSync, openSync, readSync, writeSync } from '../system/index.ts'

const setting = '/proc/self/coredump_filter'

/** Sets which mappings are dumped, and returns what was set before in hexadecimal digits; undefined where the system has no such choice. */
function exchange(mask: string): string | undefined {
  try {
    const file = openSync(setting, 'r+')
    try {
      const before = Buffer.alloc(16)
      const length = readSync(file, before, 0, before.length, 0)
      writeSync(file, mask, 0)
      return before.toString('latin1', 0, length).trim()
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}

/**
 * From now on a core dump of this process holds none of its memory. The returned function calls `start` with the setting of before: what is
 * started there inherits it.
 */
export function leaveOutOfDumps(): <T>(start: () => T) => T {
  const before = exchange('0')
  return (start) => {
    if (before === undefined) return start()
    exchange(`0x${before}`)
    try {
      return start()
    } finally {
      exchange('0')
    }
  }
}
