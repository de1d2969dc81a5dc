import type { Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import type { FormatId } from '../formats/index.ts'
export interface Target {
  readonly path: string
  readonly name: string
  readonly named: boolean
}
export type Wanted = 'encrypted' | 'clear' | 'either'
export interface TargetRequest {
  words: readonly string[]
  all?: boolean
  staged?: boolean
  changed?: string
  listed?: readonly string[]
  untracked?: boolean
  exclude?: readonly string[]
  types?: readonly FormatId[]
}
export declare function findTargets(
  ctx: Context,
  request: TargetRequest,
  wanted: Wanted,
  means: { configFor: (path: string) => Promise<Config | undefined> },
): Promise<readonly Target[]>
export declare function isGlob(word: string): boolean
