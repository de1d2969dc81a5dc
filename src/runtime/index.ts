// What the runtimes that can run this program (Node, and the one inside the executable) do differently, found by capability and never by
// name: docs/runtimes.md lists it.
export { contextOf, contextWith, type Presented, storeCertificates } from './certificates.ts'
export { chaCha20Poly1305 } from './chacha20-poly1305.ts'
export { keepEndsOfChildren } from './child-ends.ts'
export { doNotWaitFor } from './child-input.ts'
export { expectThreads, expectWork, processorsOfThread } from './compiling.ts'
export { entriesIn } from './folders.ts'
export { loadOpenpgp } from './lazy.ts'
export { keepBytesInPaths } from './paths.ts'
export { readPipe, writePipe } from './pipes.ts'
export { isStart } from './system-errors.ts'
