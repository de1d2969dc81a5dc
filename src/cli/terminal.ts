// One question on the controlling terminal, with or without echo.
import { closeSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'
import type { PromptOptions } from '../context.ts'

type Terminal = { readonly read: number; readonly write: number }

/** What one typed character does to the line so far; `undefined` ends it. */
const interrupt = '\x03'
const endOfFile = '\x04'
const killLine = '\x15'

/**
 * Shows `text` and reads one line. Undefined when there is no terminal or it was closed. With `secret` the terminal is in raw mode, so
 * Ctrl+C arrives as a character and is handed to `deliver`; `onCleanup` puts the mode back if anything else ends the program.
 */
export function promptOn(
  open: () => Terminal | undefined,
  text: string,
  options: PromptOptions,
  onCleanup: (work: () => void) => () => void,
  deliver: (signal: NodeJS.Signals) => void,
): Promise<string | undefined> {
  const terminal = open()
  if (!terminal) return Promise.resolve(undefined)
  const secret = options.secret === true
  return new Promise((resolve) => {
    const stream = new ReadStream(terminal.read)
    const decoder = new StringDecoder('utf8')
    const restore = (): void => {
      if (secret) stream.setRawMode(false)
    }
    const takeBack = onCleanup(restore)
    let line = ''
    const finish = (answer: string | undefined): void => {
      restore()
      takeBack()
      if (secret) writeSync(terminal.write, '\n')
      stream.destroy()
      if (terminal.write !== terminal.read) closeSync(terminal.write)
      resolve(answer)
    }
    writeSync(terminal.write, text)
    if (secret) stream.setRawMode(true)
    stream.on('data', (bytes: Buffer) => {
      for (const character of decoder.write(bytes)) {
        if (character === '\r' || character === '\n') return finish(line)
        if (!secret) line += character
        else if (character === interrupt) {
          finish(undefined)
          return deliver('SIGINT')
        } else if (character === endOfFile) return finish(line === '' ? undefined : line)
        else if (character === killLine) line = ''
        else if (character === '\x7f' || character === '\b') line = [...line].slice(0, -1).join('')
        else line += character
      }
    })
    stream.on('end', () => finish(line === '' ? undefined : line))
    stream.on('error', () => finish(undefined))
  })
}
