// Findings as annotations of GitHub Actions: `::error file=prod/db.enc.yaml,line=7,col=3,title=plaintext-value::…`.
import type { Level } from '../../check/index.ts'
import { oneLine } from '../../text/quote.ts'
import { adviceOf, type Form } from './form.ts'

const commands: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' }

export const githubForm: Form = (findings) =>
  findings
    .map((finding) => {
      const { level, rule, place, position } = finding
      const at = position ? `,line=${position.line},col=${position.column}` : ''
      return `::${commands[level]} file=${property(place)}${at},title=${rule}::${data(adviceOf(finding))}\n`
    })
    .join('')

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

const data = (text: string): string => text.replace(/[%\r\n]/g, percent)

/** A line end comes through, or the name would be that of another file; what else would steer a terminal is shown. */
const property = (text: string): string => oneLine(text.replace(/[%\r\n:,]/g, percent))
