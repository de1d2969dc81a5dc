// One line at a terminal that says what takes long, and how far it is. It goes before anything else is written, and in the end.
import type { PromptOptions, Stage, Watch } from '../context/index.ts'
import { onProgram } from '../system/index.ts'
import { oneLine } from '../text/quote.ts'
import type { Subject } from './form.ts'
import type { Host, Output } from './host.ts'
import { adviceWish } from './log.ts'
import { Control, sayPart } from './say.ts'

/** Milliseconds without a word. */
const patience = 1000

/** Milliseconds between two looks at the line. */
const pace = 100

/** Erases the line and puts the cursor at its start. */
const startOver = new Control('\r\x1b[K')

export interface Progress {
  /** The host, whose streams, questions and programs take the line away first. */
  readonly host: Host
  /** Undefined where no line is shown. */
  readonly watch: Watch | undefined
  /** What all steps belong to from now on, as `rotating 3 of 12`. */
  within(whole: string | undefined): void
  /** Whatever was being done is over. */
  finish(): void
  /** No line is shown until the returned function is called. */
  pause(): () => void
}

/** Calls `work` again and again until the returned function is called; keeps no program alive. */
type Every = (milliseconds: number, work: () => void) => () => void

const byTimer: Every = (milliseconds, work) => {
  const timer = setInterval(work, milliseconds).unref()
  return () => clearInterval(timer)
}

const unseen = (host: Host): Progress => ({
  host,
  watch: undefined,
  within: () => {},
  finish: () => {},
  pause: () => () => {},
})

/** What the line says, without control characters. */
export function stepText(whole: string | undefined, file: string | undefined, step: Stage | undefined): string {
  const { what, done, total, unit } = step ?? {}
  const count = done === undefined || total === undefined ? '' : ` (${done} of ${total}${unit ? ` ${unit}` : ''})`
  if (!what && !whole) return ''
  return [whole, file, what && what + count].filter((part) => part !== undefined && part !== '').join(': ')
}

/** Characters that take two columns. */
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

/** The text, or its beginning and a mark that there is more: a line that wraps could not be erased. */
export function cut(text: string, columns: number): string {
  const line = oneLine(text)
  let width = 0
  let fitting = ''
  for (const character of line) {
    width += wide.test(character) ? 2 : 1
    if (width >= columns) return `${fitting}…`
    if (width < columns - 1) fitting += character
  }
  return line
}

/** The output, and who is told before it gets anything. */
const told = (to: Output, tell: (data: Uint8Array) => void): Output => ({
  isTTY: to.isTTY,
  isPipe: to.isPipe,
  get columns() {
    return to.columns
  },
  write: (data) => {
    tell(data)
    return to.write(data)
  },
})

/**
 * Shown where stderr is a terminal, unless SOPS_ADVICE forbids it: from a second after the beginning, or after the last question or program
 * that had the terminal.
 */
export function makeProgress(host: Host, subject: Readonly<Subject>, every: Every = byTimer): Progress {
  const { stderr } = host
  if (!stderr.isTTY || adviceWish(host.env) === false || host.env['TERM'] === 'dumb') return unseen(host)
  let start = host.now().getTime()
  let shown = ''
  let looked = 0
  let pauses = 0
  let inLine = false
  let whole: string | undefined
  let step: Stage | undefined

  const clear = (): void => {
    if (shown !== '') sayPart(stderr, startOver).catch(() => {})
    shown = ''
  }
  const draw = (): void => {
    const now = host.now().getTime()
    looked = now
    if (pauses > 0 || inLine || (now - start < patience && step?.long !== true)) return
    // Some terminals say that they have no columns.
    const text = cut(stepText(whole, subject.file, step), stderr.columns || 80)
    if (text === shown) return
    if (text === '') clear()
    else sayPart(stderr, [startOver, text]).catch(() => {})
    shown = text
  }
  const pause = (): (() => void) => {
    clear()
    pauses++
    return () => {
      pauses--
      inLine = false
      start = host.now().getTime()
    }
  }
  const endLooking = every(pace, draw)
  const endWatching = onProgram(pause)
  host.onCleanup(() => {
    endLooking()
    endWatching()
    pause()
  })
  const behindLine = (to: Output): Output =>
    told(to, (data) => {
      clear()
      // A question that waits for its answer behind it, or data in pieces, which the line would cut in two.
      if (data.length > 0) inLine = data.at(-1) !== 0x0a
    })
  const clearing: Host = Object.create(host, {
    stderr: { value: behindLine(stderr) },
    stdout: { value: host.stdout.isTTY ? behindLine(host.stdout) : host.stdout },
    prompt: {
      value: async (text: string, options?: PromptOptions) => {
        const resume = pause()
        return host.prompt(text, options).finally(resume)
      },
    },
  })
  return {
    host: clearing,
    watch: (next) => {
      const isNew = next?.long === true && !(step?.long && next.what === step.what)
      step = next
      if (isNew || host.now().getTime() - looked >= pace) draw()
    },
    within: (next) => {
      whole = next
    },
    finish: () => {
      whole = undefined
      step = undefined
    },
    pause,
  }
}
