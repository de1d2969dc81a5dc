// When code is compiled to machine code. The executable starts reluctant to do so (scripts/package.mjs), since most runs end before it pays.

/** Bytes of input from which on it pays. */
const enough = 32 * 1024

interface Runtime {
  /** JavaScriptCore's thresholds as a multiple of the usual ones; from 1. */
  readonly setJITPolicy?: (scale: number) => void
}

let expected = 0

/** Tells the runtime how much there is to do. Node decides by itself. */
export function expectWork(bytes: number): void {
  expected += bytes
  if (expected < enough) return
  const { Bun } = globalThis as { readonly Bun?: { readonly unsafe?: Runtime } }
  Bun?.unsafe?.setJITPolicy?.(1)
}
