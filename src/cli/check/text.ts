// Findings for people: a line for each, `prod/db.enc.yaml:7:3 error plaintext-value ["db"]["password"] is not encrypted`.
import type { Level } from '../../check/index.ts'
import type { Line } from '../say.ts'
import type { TerminalStyle } from '../style.ts'
import { adviceOf, type ShownFinding } from './form.ts'

export function findingLines(findings: readonly ShownFinding[], style: TerminalStyle): readonly Line[] {
  return findings.map((finding): Line => {
    const { name, position, level, rule } = finding
    const place = position ? `:${position.line}:${position.column}` : ''
    return [style.bold(`${name}${place}`), ' ', paintOf(level, style)(level), ` ${rule} ${adviceOf(finding)}`]
  })
}

const paintOf = (level: Level, style: TerminalStyle): TerminalStyle['red'] =>
  level === 'error' ? style.red : level === 'warning' ? style.yellow : style.cyan
