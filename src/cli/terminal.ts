// Questions on the controlling terminal, one after the other, with or without echo.

import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import type { PromptOptions } from '../context/index.ts'
import { writeSync } from '../system/files-sync.ts'
import { lineText } from './say.ts'

/** What is typed, and a descriptor to write to; `close` closes that one if the stream has another. */
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

// What these characters do is the terminal's business, except in raw mode.
const interrupt = '\x03'
const endOfFile = '\x04'
const eraseLine = '\x15'
const erase = new Set(['\x7f', '\b'])

/**
 * A function that shows a text and reads one line: undefined when there is no terminal or it was closed. With `secret` the terminal is in
 * raw mode, so Ctrl+C arrives as a character and is handed to `deliver`; a clean-up puts the mode back if anything else ends the program.
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
      const restore = (): void => {
        if (secret) stream.setRawMode(false)
      }
      const takeBack = onCleanup(restore)
      let line = ''
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
        let at = 0
        for (const character of typed) {
          at += character.length
          if (character === '\r' || character === '\n') {
            finish(line, typed.slice(at))
            return true
          }
          if (!secret) line += character
          else if (character === interrupt) {
            finish(undefined)
            deliver('SIGINT')
            return true
          } else if (character === endOfFile) {
            finish(line === '' ? undefined : line, typed.slice(at))
            return true
          } else if (character === eraseLine) line = ''
          else if (erase.has(character)) line = [...line].slice(0, -1).join('')
          else line += character
        }
        return false
      }
      // Before the text is shown: whoever answers at once must not be echoed.
      if (secret) stream.setRawMode(true)
      writeSync(terminal.output, lineText(text))
      if (take(typedAhead)) return
      stream.on('data', (bytes: Buffer) => take(decoder.write(bytes)))
      stream.on('end', () => finish(line === '' ? undefined : line))
      stream.on('error', () => finish(undefined))
    })
  }

  return (text, options) => {
    const answer = last.then(() => ask(text, options))
    last = answer.catch(() => {})
    return answer
  }
}
