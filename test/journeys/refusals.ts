// What may be refused, and why. A refusal that no row explains is a fault: the other reader takes the text, or the place is there.
import type { TreeFormat } from '../support/conformance/case.ts'

interface Row {
  readonly why: string
  /** The error message. */
  readonly says: RegExp
  /** The text, where the message alone says too little. */
  readonly text?: RegExp
}

const uncounted: Row = {
  why: 'of two entries with one name one would be in no MAC',
  says: /once with nothing that the MAC covers/,
}

/** Texts that an independent reader takes and `encrypt` does not. */
const encrypt: Readonly<Record<TreeFormat, readonly Row[]>> = {
  yaml: [
    { why: 'documents are maps', says: /cannot unmarshal|not supported/ },
    { why: 'a name may stand once', says: /mapping key .* already defined/ },
    { why: 'names are texts', says: /non-string key|invalid map key/ },
    { why: 'a merge key merges maps', says: /map merge requires map/ },
    {
      why: 'the end of a document that has not begun',
      says: /did not find expected node content/,
      text: /(?:^|---[^\r\n]*[\r\n]+)(?:\s*(?:#[^\r\n]*)?[\r\n])*\.\.\./,
    },
    {
      why: 'in braces and brackets a question mark or colon begins a key or value in SOPS, whatever follows it',
      says: /did not find expected (?:node content|',' or)/,
      text: /(?:^|[[{,:\s])[?:]\S|\?\s*[\r\n]/m,
    },
    { why: 'nothing but comments is no document', says: /: EOF/ },
    { why: 'an integer that has no type', says: /uint64|unsigned/ },
    { why: 'what is tagged is of that type', says: /cannot decode/ },
    { why: 'a document is needed', says: /completely empty/ },
    { why: 'a comment behind a tag needs a blank before it', says: /expected whitespace or line break/, text: /!\S*#/ },
    {
      why: 'a comment behind an anchor needs a blank before it',
      says: /expected alphabetic or numeric/,
      text: /[&*]\S*#/,
    },
    { why: 'a tab behind a dash begins nothing', says: /cannot start any token/, text: /-[ ]*\t/ },
    { why: 'control characters are no text', says: /control characters/ },
    { why: 'what is tagged as bytes is base64', says: /invalid base64/ },
    { why: 'YAML is UTF-8 or UTF-16', says: /invalid UTF-/ },
    { why: 'tabs do not indent', says: /tab character where an indentation space/ },
    uncounted,
  ],
  json: [
    { why: 'the document is an object', says: /./, text: /^[\s\ufeff]*[^{\s\ufeff]/ },
    { why: 'a number that is too large for a float', says: /number out of (?:the )?range/ },
    { why: 'JSON is UTF-8 without a byte order mark', says: /UTF-16|UTF-8|byte order mark/ },
    { why: 'half of a surrogate pair is no text', says: /surrogate/ },
    uncounted,
  ],
  dotenv: [
    { why: '.env files are UTF-8', says: /UTF-16|UTF-8/ },
    uncounted,
    { why: 'an empty line of a variable is in no MAC', says: /is another spelling of .* with no value/ },
  ],
  ini: [
    { why: 'what stands behind a section name is lost in SOPS', says: /text behind a section name/ },
    { why: 'INI files are UTF-8', says: /UTF-16|UTF-8/ },
    uncounted,
  ],
}

/** Changes of a place that is there to a value that JSON has, which are refused. `text` is the command. */
const change: readonly Row[] = [
  { why: 'half of a surrogate pair is no text, and JSON is UTF-8', says: /surrogate|UTF-8/ },
  { why: 'of several entries with one name one would be changed', says: /, and the change would reach one of them/ },
  uncounted,
]

const explained = (rows: readonly Row[], message: string, text: string): boolean =>
  rows.some((row) => row.says.test(message) && (row.text === undefined || row.text.test(text)))

export const mayRefuseText = (format: TreeFormat, message: string, text: string): boolean =>
  explained(encrypt[format], message, text)

export const mayRefuseChange = (command: string, message: string): boolean => explained(change, message, command)

/** Of several entries with one name and different values none is chosen. */
export const mayRefuseChoice = (message: string): boolean =>
  /is there .* with different values, and .* can have one/.test(message)
