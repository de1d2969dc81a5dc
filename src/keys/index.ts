// The table of key types, in the order the reference loads them from metadata (spec/format.md 3.4). Adding one = a file and a line.
import { age } from './age.ts'
import type { KeyType, KeyTypeId } from './types.ts'

export const keyTypes: Partial<Record<KeyTypeId, KeyType>> = { age }
