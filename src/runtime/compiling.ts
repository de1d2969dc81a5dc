// When code is compiled to machine code, and how far. The executable starts reluctant to do so (scripts/package.mjs), since most runs end before
// it pays.

/** Bytes of input from which on it pays. */
const enough = 32 * 1024

/**
 * Bytes of one input up to which the last of JavaScriptCore's compilers does not pay: it takes a fifth of the processor time of 50,000 leaves,
 * and is done with most functions when these are. For ten times the leaves it saves a fifth.
 */
const most = 8 * 2 ** 20

type Functions = readonly ((...args: never[]) => unknown)[]

interface Runtime {
  /** JavaScriptCore's thresholds as a multiple of the usual ones; from 1. */
  readonly setJITPolicy?: (scale: number) => void
}

interface Compilers {
  /** Keeps the last compiler from a function for good. */
  readonly noFTL?: (one: Functions[number]) => void
}

let expected = 0
let isShort = false
const { every, filter, forEach, map, some } = Array.prototype
const known: Functions[] = [[every, filter, forEach, map, some]]

/** Tells the runtime how much there is to do. Node decides by itself. */
export function expectWork(bytes: number): void {
  expected += bytes
  if (expected < enough) return
  const { Bun } = globalThis as { readonly Bun?: { readonly unsafe?: Runtime } }
  Bun?.unsafe?.setJITPolicy?.(1)
  isShort = bytes <= most
  if (isShort) for (const functions of known.splice(0)) spare(functions)
}

/** Is told the functions that may run for every leaf (scripts/leaf-functions.mjs), those of chunks that are loaded later as they come. */
export function mayRunPerLeaf(functions: Functions): void {
  if (isShort) spare(functions)
  else known.push(functions)
}

function spare(functions: Functions): void {
  const { noFTL } = (process.getBuiltinModule('bun:jsc') ?? {}) as Compilers
  if (noFTL) for (const one of functions) noFTL(one)
}
