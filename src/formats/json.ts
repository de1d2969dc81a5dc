// The JSON format (spec/format.md 8): text to tree and back, with the layout of the file kept.
import { lineFinder, positionIn } from '../text/position.ts'
import type { Node } from '../tree/tree.ts'
import { textOfBytes } from '../tree/utf8.ts'
import { scan } from './json/scan.ts'
import { parse, print, printValue, rewrite, textOf, token } from './json/whole-text.ts'
import type { Format } from './types.ts'

/**
 * Any JSON value by itself, as `set` takes it: integers of 64 bits are ints, other numbers floats.
 * @throws SopsError `parse`.
 */
export const parseValue = (bytes: Uint8Array): Node => scan(textOfBytes(bytes))

export const json: Format = {
  id: 'json',
  metadata: 'nested',
  parse,
  rewrite,
  print,
  printValue,
  textOf,
  token,
  positionOf: ({ source }, { start }) => positionIn(source as string, start),
  lineFinder: ({ source }) => lineFinder(source as string),
  example: `{
	"hello": "Welcome to SOPS! Edit this file as you please!",
	"example_key": "example_value",
	"example_array": [
		"example_value1",
		"example_value2"
	],
	"example_number": 1234.56789,
	"example_booleans": [
		true,
		false
	]
}
`,
}
