// What an error carries besides its text.
import { expect, test } from 'vitest'
import { SopsError, withHints } from '../src/errors.ts'
import { shortRecoveryText, wrapErrors } from '../src/groups/data-key.ts'

const counts = { required: 2, recovered: 1 }

test('more hints leave the details as they are', () => {
  const error = new SopsError('no-data-key', 'a long report', { hints: ['one'], details: { groups: counts } })
  const more = withHints(error, ['two'])
  expect(more).toMatchObject({ code: 'no-data-key', hints: ['one', 'two'], details: { groups: counts } })
  expect(shortRecoveryText(more)).toBe('Error getting data key: 2 successful groups required, got 1')
})

test('what was thrown below is not read', () => {
  expect(wrapErrors(new SopsError('generic', 'x', { cause: ['a', 'b'] }))).toBeUndefined()
  expect(shortRecoveryText(new SopsError('no-data-key', 'a long report', { cause: counts }))).toBe('a long report')
})
