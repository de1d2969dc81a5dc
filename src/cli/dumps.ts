// Keeps memory out of core dumps. Node cannot set resource limits, but Linux lets a process choose what its dump holds (core(5)).
import { closeSync, openSync, readSync, writeSync } from '../system/index.ts'

const setting = '/proc/self/coredump_filter'

/** Sets which mappings are dumped and returns the earlier setting in hexadecimal; undefined on a system without that choice. */
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
 * From now on a core dump of this process holds none of its memory. The returned function calls `start` under the earlier setting, which
 * the program that it starts inherits.
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
