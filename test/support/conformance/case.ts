// The shape of the recorded cases (fixtures/conformance/README.md) and where they lie.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Text, or bytes; `repeat` times over. */
export type Content = string | { readonly text?: string; readonly base64?: string; readonly repeat?: number }

export type FileSpec =
  | Content
  | { readonly text?: string; readonly base64?: string; readonly mode: string }
  | { readonly link: string }

export type TreeFormat = 'yaml' | 'json' | 'dotenv' | 'ini'

export interface Matcher {
  readonly exact?: Content
  readonly has?: readonly string[]
  readonly lacks?: readonly string[]
  readonly match?: string
  readonly absent?: boolean
  readonly unchanged?: boolean
  readonly changed?: boolean
  readonly mode?: string
  readonly tree?: { readonly format: TreeFormat; readonly text: string; readonly comments?: boolean }
}

export interface Expectation {
  readonly exit?: number | readonly number[] | 'error' | 'any'
  readonly stdout?: Matcher
  readonly stderr?: Matcher
  readonly files?: Readonly<Record<string, Matcher>>
}

export interface Step {
  readonly argv?: readonly string[]
  readonly shell?: string
  readonly stdin?: Content | { readonly file: string }
  readonly env?: Readonly<Record<string, string | null>>
  readonly cwd?: string
  readonly save?: string
  readonly expect?: Expectation
}

export interface Case {
  readonly id: string
  readonly about?: string
  readonly files?: Readonly<Record<string, FileSpec>>
  readonly keys?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  readonly better?: boolean
}

const folder = fileURLToPath(new URL('../../../fixtures/conformance/', import.meta.url))

export const keysFolder: string = `${folder}keys`

export const loadGroup = (group: string): Case[] => JSON.parse(readFileSync(`${folder}cases/${group}.json`, 'utf8'))

export function bytesOf(content: Content): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  const once = content.text !== undefined ? Buffer.from(content.text) : Buffer.from(content.base64 ?? '', 'base64')
  return content.repeat === undefined ? once : Buffer.concat(Array(content.repeat).fill(once))
}
