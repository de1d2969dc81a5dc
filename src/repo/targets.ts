// The files that a command works on, where it is given folders, patterns or a whole repository instead of one file.
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { type FormatId, formatOfPath } from '../formats/index.ts'
import { codeOf, realpath, stat, systemErrorText } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { changedFiles, stagedFiles } from './listings.ts'
import { compileGlob, isGlob, splitGlob } from './glob.ts'
import { type Places, placesOf, type Place } from './places.ts'
import { suitable } from './suitable.ts'

/** Which files are meant. Without words and without a flag that is none. */
export interface TargetRequest {
  /** Files, folders and patterns, in the order in which they were typed. */
  readonly words: readonly string[]
  /** The whole work tree, wherever in it the current folder is; outside of Git, the current folder. */
  readonly all?: boolean
  /** Files that the next commit adds or changes, chosen by what the index has of them. */
  readonly staged?: boolean
  /** Tracked files that differ from HEAD (`''`), or from where that and this revision parted. */
  readonly changed?: string
  /** Names relative to the current folder, as a list had them. */
  readonly listed?: readonly string[]
  /** Files count that Git neither tracks nor ignores. */
  readonly untracked?: boolean
  /** Patterns, relative to the current folder; one that fits a folder is for everything in it. */
  readonly exclude?: readonly string[]
  /** By the ending of the name. */
  readonly types?: readonly FormatId[]
}

/** What a command needs; `clear`: a file that must be encrypted and is not (`mustBeEncrypted`). */
export type Wanted = 'encrypted' | 'clear' | 'either'

/** A file that a command works on. */
export interface Target {
  /** Absolute. */
  readonly path: string
  /** As it was typed, or else relative to the current folder, with `/`. */
  readonly name: string
  /** It was named itself: it is here whatever it is, and even if it is not there. */
  readonly named: boolean
}

/** What the caller knows besides. */
export interface TargetMeans {
  /** The configuration for an absolute path. */
  readonly configFor: (path: string) => Promise<Config | undefined>
}

const words: Readonly<Record<Wanted, string>> = {
  encrypted: 'encrypted file',
  clear: 'file that must be encrypted and is not',
  either: 'file that is or must be encrypted',
}
