// Questions on the controlling terminal, one at a time, with or without echo.

import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import type { PromptOptions } from '../context/index.ts'
import { writeSync } from '../system/index.ts'
import { lineText } from './say.ts'

/** The stream of what is typed, and a descriptor to write to. */
export interface Terminal {
  readonly input: ReadStream
  readonly output: number
  /** Drops what was typed and not read yet. */
  readonly drain: () => void
  /** Closes the descriptor if the stream has another. */
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
  readonly key: boolean
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
    if (line.key && /\s/.test(character)) continue
    if (line.key && character !== interrupt && character !== endOfFile)
      return { answer: character, rest: typed.slice(at) }
    if (character === '\r' || character === '\n') return { answer: line.text, rest: typed.slice(at) }
    if (!line.secret && !line.key) line.text += character
    else if (character === interrupt) return { answer: undefined, rest: '', interrupted: true }
    else if (character === endOfFile) return { answer: line.text || undefined, rest: typed.slice(at) }
    else if (character === eraseLine) line.text = ''
    else if (erase.has(character)) line.text = [...line.text].slice(0, -1).join('')
    else line.text += character
  }
  return undefined
}

/** Most characters to keep of what is typed while nothing is asked. */
const longestAhead = 4096

interface Listeners {
  readonly data: (typed: string) => void
  readonly end: () => void
  readonly error: () => void
}

/** Returns how to stop it. */
function listen({ input }: Terminal, { data, end, error }: Listeners): () => void {
  const decoder = new StringDecoder('utf8')
  const decoded = (bytes: Buffer): void => data(decoder.write(bytes))
  input.on('data', decoded).on('end', end).on('error', error)
  return () => input.off('data', decoded).off('end', end).off('error', error)
}

function close({ input, close }: Terminal): void {
  input.on('error', () => {})
  input.destroy()
  close()
}

/** The terminal in raw mode, between the first question for a secret and whatever else needs it. */
interface Hush {
  /** Without echo; undefined if there is no terminal. */
  take(): Terminal | undefined
  /** Takes what is typed without showing it, and without keeping the program alive. */
  listen(terminal: Terminal): void
  /** Gives the terminal back. What was typed unseen is for no one else. */
  restore(): void
  readonly isOn: boolean
  /** What was typed and belongs to the next question. */
  typedAhead: string
}

function makeHush({ open, onCleanup, deliver }: Surroundings): Hush {
  let raw: Terminal | undefined
  let stop = (): void => {}
  let takeBack = (): void => {}
  const hush: Hush = {
    typedAhead: '',
    get isOn() {
      return raw !== undefined
    },
    take() {
      stop()
      if (raw) raw.input.ref()
      else {
        raw = open()
        raw?.input.setRawMode(true)
        if (raw) takeBack = onCleanup(hush.restore)
      }
      return raw
    },
    listen(terminal) {
      const data = (typed: string): void => {
        hush.typedAhead = (hush.typedAhead + typed).slice(0, longestAhead)
        if (!typed.includes(interrupt)) return
        hush.restore()
        deliver('SIGINT')
      }
      stop = listen(terminal, { data, end: hush.restore, error: hush.restore })
      terminal.input.unref()
    },
    restore() {
      stop()
      takeBack()
      hush.typedAhead = ''
      if (!raw) return
      raw.drain()
      raw.input.setRawMode(false)
      close(raw)
      raw = undefined
    },
  }
  return hush
}

/** Asks, and knows that others need the terminal too. */
interface Asking {
  /** Shows a text and reads one line: undefined if there is no terminal or it was closed. */
  readonly prompt: Prompt
  /** Gives the terminal back to a program or another reader, unless a question is open. */
  readonly letGo: () => void
}

/**
 * For a secret the terminal is in raw mode, so Ctrl+C arrives as a character and goes to `deliver`. It stays so behind the answer: what is
 * typed before the next question, as after a wrong passphrase, may be a secret too. It ends with `letGo`, a question that is none, or the
 * clean-up, which comes however the program ends.
 */
export function makePrompt(around: Surroundings): Asking {
  const hush = makeHush(around)
  let last: Promise<unknown> = Promise.resolve()
  let isAsking = false
  const letGo = (): void => {
    if (hush.isOn && !isAsking) hush.restore()
  }

  const ask: Prompt = (text, options) => {
    const { secret = false, key = false } = options ?? {}
    const isRaw = secret || key
    if (!isRaw) letGo()
    // In raw mode before the text is shown: even an immediate answer must not be echoed.
    const terminal = isRaw ? hush.take() : around.open()
    if (!terminal) return Promise.resolve(undefined)
    isAsking = true
    return new Promise((resolve) => {
      const line: Line = { secret, key, text: '' }
      const finish = (answer: string | undefined, rest = ''): void => {
        isAsking = false
        stop()
        if (key) writeSync(terminal.output, lineText(answer ?? ''))
        if (isRaw) writeSync(terminal.output, '\n')
        if (!isRaw) close(terminal)
        else if (answer === undefined) hush.restore()
        else hush.listen(terminal)
        hush.typedAhead = rest
        resolve(answer)
      }
      const take = (typed: string): void => {
        const end = addTyped(line, typed)
        if (end === undefined) return
        finish(end.answer, end.rest)
        if (end.interrupted) around.deliver('SIGINT')
      }
      const stop = listen(terminal, {
        data: take,
        end: () => finish(line.text || undefined),
        error: () => finish(undefined),
      })
      writeSync(terminal.output, lineText(text))
      take(hush.typedAhead)
    })
  }

  return {
    prompt: (text, options) => {
      const answer = last.then(() => ask(text, options))
      last = answer.catch(() => {})
      return answer
    },
    letGo,
  }
}
