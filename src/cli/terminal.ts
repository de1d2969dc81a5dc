// Questions on the controlling terminal, one at a time, with or without echo.

import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import type { PromptOptions } from '../context/index.ts'
import { writeSync } from '../system/index.ts'
import { lineText } from './say.ts'

/** The stream of what is typed, and a descriptor to write to; `close` closes that if the stream has another. */
export interface Terminal {
  readonly input: ReadStream
  readonly output: number
  readonly close: () => void
}

interface Surroundings {
  readonly open: () => Terminal | undefined
  readonly onCleanup: (work: () => void) => () => void
  readonly deliver: (signal: NodeJS.Signals) => void
}

type Prompt = (text: string, options?: PromptOptions) => Promise<string | undefined>

// The terminal itself acts on these characters, except in raw mode.
const interrupt = '\x03'
const endOfFile = '\x04'
const eraseLine = '\x15'
const erase = new Set(['\x7f', '\b'])

interface Line {
  readonly secret: boolean
  text: string
}

/** How a line ended. */
interface LineEnd {
  /** Undefined if there was no answer. */
  readonly answer: string | undefined
  /** What was typed after the line. */
  readonly rest: string
  readonly interrupted?: boolean
}

/** Adds what was typed to the line; undefined until it ends. */
function addTyped(line: Line, typed: string): LineEnd | undefined {
  let at = 0
  for (const character of typed) {
    at += character.length
    if (character === '\r' || character === '\n') return { answer: line.text, rest: typed.slice(at) }
    if (!line.secret) line.text += character
    else if (character === interrupt) return { answer: undefined, rest: '', interrupted: true }
    else if (character === endOfFile) return { answer: line.text || undefined, rest: typed.slice(at) }
    else if (character === eraseLine) line.text = ''
    else if (erase.has(character)) line.text = [...line.text].slice(0, -1).join('')
    else line.text += character
  }
  return undefined
}

/**
 * A function that shows a text and reads one line: undefined if there is no terminal or it was closed. With `secret` the terminal is in raw
 * mode, so Ctrl+C arrives as a character and goes to `deliver`; a clean-up restores the mode if anything else ends the program.
 */
export function makePrompt({ open, onCleanup, deliver }: Surroundings): Prompt {
  let typedAhead = ''
  let last: Promise<unknown> = Promise.resolve()

  const ask: Prompt = (text, options) => {
    const terminal = open()
    if (!terminal) return Promise.resolve(undefined)
    const secret = options?.secret === true
    return new Promise((resolve) => {
      const stream = terminal.input
      const decoder = new StringDecoder('utf8')
      const line: Line = { secret, text: '' }
      const restore = (): void => {
        if (secret) stream.setRawMode(false)
      }
      const takeBack = onCleanup(restore)
      const finish = (answer: string | undefined, rest = ''): void => {
        typedAhead = rest
        restore()
        takeBack()
        if (secret) writeSync(terminal.output, '\n')
        stream.removeAllListeners()
        stream.on('error', () => {})
        stream.destroy()
        terminal.close()
        resolve(answer)
      }
      /** True when the line is complete. */
      const take = (typed: string): boolean => {
        const end = addTyped(line, typed)
        if (end === undefined) return false
        finish(end.answer, end.rest)
        if (end.interrupted) deliver('SIGINT')
        return true
      }
      // Before the text is shown: even an immediate answer must not be echoed.
      if (secret) stream.setRawMode(true)
      writeSync(terminal.output, lineText(text))
      if (take(typedAhead)) return
      stream.on('data', (bytes: Buffer) => take(decoder.write(bytes)))
      stream.on('end', () => finish(line.text || undefined))
      stream.on('error', () => finish(undefined))
    })
  }

  return (text, options) => {
    const answer = last.then(() => ask(text, options))
    last = answer.catch(() => {})
    return answer
  }
}
