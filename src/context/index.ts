// Front door: what the rooms above may ask of the outside, and what is remembered while they do.
export type { AuditEvent, Context, Logger, LogLine, MemoKey, PromptOptions, Stage, Watch } from './context.ts'
export { inOrder } from './in-order.ts'
export { memoKey, memoKeys, memory, onceEach } from './memo.ts'
export { exitCleanups, type ProcessContextOptions, processContext } from './process.ts'
export { type Turns, turns } from './turns.ts'
