// When code is compiled to machine code, how far, and when memory is collected. The executable starts reluctant to do so (scripts/package.mjs), since most runs end before
// it pays.

/** Bytes of input from which on it pays. */
const enough = 32 * 1024

/**
 * Bytes of one input up to which the last of JavaScriptCore's compilers does not pay: it takes a fifth of the processor time of 50,000 leaves,
 * and is done with most functions when these are. For ten times the leaves it saves a fifth.
 */
const most = 8 * 2 ** 20

/** Bytes of one input from which on memory would be collected while it is worked on, several times for a few megabytes. */
const collected = 256 * 1024

/** Bytes. Nothing writes to them, so they take no memory of the system. */
const ballast = 64 * 2 ** 20

type Functions = readonly ((...args: never[]) => unknown)[]

interface Runtime {
  /** JavaScriptCore's thresholds as a multiple of the usual ones; from 1. */
  readonly setJITPolicy?: (scale: number) => void
}

/** What `bun:jsc` has. */
interface Engine {
  /** Keeps the last compiler from a function for good. */
  readonly noFTL?: (one: Functions[number]) => void
  /** Collects memory now. */
  readonly fullGC?: () => void
}

const engine = (): Engine => process.getBuiltinModule('bun:jsc') ?? {}

let expected = 0
let isShort = false
let isPutOff = false
let areCiphersTold = false
const { every, filter, findLastIndex, forEach, map, some } = Array.prototype
const known: Functions[] = [[every, filter, findLastIndex, forEach, map, some]]

/** Tells the runtime how much there is to do. Node decides by itself. */
export function expectWork(bytes: number): void {
  expected += bytes
  if (expected < enough) return
  const { Bun } = globalThis as { readonly Bun?: { readonly unsafe?: Runtime } }
  Bun?.unsafe?.setJITPolicy?.(1)
  isShort = bytes <= most
  if (isShort) for (const functions of known.splice(0)) spare(functions)
  if (isShort && !areCiphersTold && engine().noFTL) {
    areCiphersTold = true
    spare(ofCiphers())
  }
  if (isShort && bytes >= collected && !isPutOff) putOffCollection()
}

/**
 * Bytes of code that a function runs before V8 thinks of compiling it; a third of that is usual. Where several threads do what one would, each
 * compiles for itself, and that takes the processors from the work: an eighth of the time for a thousand small files.
 */
const manyRuns = 400_000

/** Tells the runtime that several threads will do the same with many small inputs. */
export function expectThreads(): void {
  if (!engine().noFTL) process.getBuiltinModule('node:v8').setFlagsFromString(`--interrupt-budget=${manyRuns}`)
}

/**
 * Processors that one thread of the program keeps busy. JavaScriptCore compiles on a second one for as long as a thousand small files take: a thread
 * on it makes them no faster.
 */
export const processorsOfThread = (): number => (engine().noFTL ? 2 : 1)

/** Is told the functions that may run for every leaf (scripts/leaf-functions.mjs), those of chunks that are loaded later as they come. */
export function mayRunPerLeaf(functions: Functions): void {
  if (isShort) spare(functions)
  else known.push(functions)
}

/** What the runtime itself has written in JavaScript and runs for each leaf. */
function ofCiphers(): Functions {
  const { Cipheriv, Decipheriv } = process.getBuiltinModule('node:crypto') as unknown as Record<
    string,
    Functions[number]
  >
  return [Cipheriv, Decipheriv].flatMap((one) => (one ? methodsOf(one.prototype) : []))
}

/** Those of a class, its constructor among them, and of the class above. */
const methodsOf = (prototype: object): Functions =>
  [prototype, Object.getPrototypeOf(prototype) as object].flatMap((one) =>
    Object.values(Object.getOwnPropertyDescriptors(one))
      .map(({ value }: PropertyDescriptor) => value as unknown)
      .filter((value) => typeof value === 'function'),
  ) as Functions[number][]

function spare(functions: Functions): void {
  const { noFTL } = engine()
  if (noFTL) for (const one of functions) noFTL(one)
}

/**
 * The runtime collects memory when a dozen megabytes are new, and again when about twice as much is new as that left. Most of what is new here
 * stays till the end, so each time costs much and frees little: an eighth of the processor time of 50,000 leaves. Where ballast is there when
 * it collects the program alone, it comes back later by twice that much.
 */
function putOffCollection(): void {
  isPutOff = true
  const { fullGC } = engine()
  if (!fullGC) return
  const held = [new ArrayBuffer(ballast)]
  fullGC()
  held.pop()
}
