// Everything that start-up does not need, behind one import: one file to load when a key is wrapped or unwrapped.
export { unwrap } from './unwrap.ts'
export { wrap } from './wrap.ts'
