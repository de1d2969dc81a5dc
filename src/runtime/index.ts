// What the runtimes that can run this program (Node, and the one inside the executable) do differently, found by capability and never by
// name: docs/runtimes.md lists it.
export { type Aead, chaCha20Poly1305 } from './chacha20-poly1305.ts'
export { loadOpenpgp } from './lazy.ts'
