// The input of a child process, when this process may end before the child does.
import type { Writable } from 'node:stream'

/** An open pipe to a child does not hold this process up any more. Node makes a socket of each, which counts until it is told otherwise. */
export function doNotWaitFor(input: Writable): void {
  const { unref } = input as Partial<{ unref(): void }>
  unref?.call(input)
}
