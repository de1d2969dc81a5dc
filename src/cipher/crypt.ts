// What opening and sealing a tree have in common.

import type { Watch } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { kindOf } from '../tree/kinds.ts'
import { canonical } from '../tree/scalar.ts'
import type { Value } from '../tree/tree.ts'
import { addToMac, type MacState } from './mac.ts'
import type { Selection } from './selection.ts'

export interface CryptOptions {
  /** The caller keeps and wipes it. */
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
  readonly watch?: Watch | undefined
}

export const isEmpty = (value: Value): value is null =>
  value === null || value === '' || (value instanceof Uint8Array && value.length === 0)

export function hashPlain(mac: MacState, value: Value): void {
  if (value === null || value === '') return
  addToMac(mac, value instanceof Uint8Array ? value : canonicalOf(value))
}

export function canonicalOf(value: Exclude<Value, null | Uint8Array>): string {
  try {
    return canonical(value)
  } catch (error) {
    const hints = error instanceof SopsError ? error.hints : []
    throw new SopsError('generic', `${kindOf(value)} cannot be written as bytes: ${messageOf(error)}`, { hints })
  }
}

/** `error` with the place of the leaf at which the walk stopped. */
export function atLeaf(
  code: 'cannot-decrypt-tree' | 'cannot-encrypt-tree',
  headline: string,
  error: unknown,
  path: readonly string[],
  hints: readonly string[] = [],
): SopsError {
  return new SopsError(code, `${headline}${messageOf(error)}`, {
    path: (error instanceof SopsError ? error.path : undefined) ?? [...path],
    hints: [...hints, ...(error instanceof SopsError ? error.hints : [])],
    cause: error,
  })
}
