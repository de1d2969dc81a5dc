// What a check finds: one thing that is wrong, at one place.
import { createHash } from 'node:crypto'
import type { Config } from '../config/index.ts'
import type { Position } from '../errors.ts'
import { fileWord } from '../text/quote.ts'
import type { RuleId } from './rules.ts'

export type Level = 'error' | 'warning' | 'note'

/** Something that a rule found in a file; how loud it is comes later. Never with a value, or anything that is made from one. */
export interface Fault {
  readonly rule: RuleId
  /** As `["a"]["b"]`. */
  readonly keyPath?: string
  readonly position?: Position | undefined
  /** Goes on after the key path: `is not encrypted`. */
  readonly message: string
  /** Another one than that of the rule, which still can switch it off or turn it down. */
  readonly level?: Level
  /** Of `exposed-value`: `unknown` where only a key could tell whether the value is still one that was seen. */
  readonly state?: 'exposed' | 'unknown'
  /** What mends it, as a command line. */
  readonly fix?: string
}

/** A finding on a file. */
export interface CheckFinding extends Omit<Fault, 'level'> {
  readonly level: Level
  /** Absolute. */
  readonly path: string
  /** Relative to the top of the work tree, or outside of Git to the current folder, with `/`. */
  readonly place: string
}

/** Equal for what is found again later, wherever in the file it then stands: SHA-256 of rule, file and key path. */
export const fingerprintOf = ({ rule, place, keyPath }: Pick<CheckFinding, 'rule' | 'place' | 'keyPath'>): string =>
  createHash('sha256')
    .update([rule, place, keyPath ?? ''].join('\0'))
    .digest('hex')

/** The end of a command line that mends a file by its configuration: where that is no folder above, the command is to look for it beside the file, as for many files. */
export const fileWords = (name: string, config: Config | undefined): string =>
  config === undefined || /^(?:\.\.[/\\])*\.sops\.ya?ml$/.test(config.file.path)
    ? fileWord(name)
    : `--keep-going ${fileWord(name)}`
