// Writes a report in the form that was asked for.
import { randomUUID } from 'node:crypto'
import type { Io } from '../invocation.ts'
import { type Line, lineText, sayLines } from '../say.ts'
import type { FormName } from './flags.ts'
import type { Form, ShownFinding } from './form.ts'
import { findingLines } from './text.ts'

const load: Readonly<Record<Exclude<FormName, 'text'>, () => Promise<Form>>> = {
  json: async () => (await import('./json.ts')).jsonForm,
  sarif: async () => (await import('./sarif.ts')).sarifForm,
  github: async () => (await import('./github.ts')).githubForm,
  gitlab: async () => (await import('./gitlab.ts')).gitlabForm,
  junit: async () => (await import('./junit.ts')).junitForm,
}

/** In a workflow of GitHub the text comes with annotations. */
export async function writeReport(form: FormName, findings: readonly ShownFinding[], io: Io): Promise<void> {
  const facts = { version: io.host.version, now: io.ctx.now() }
  const isWorkflow = form === 'text' && io.ctx.env['GITHUB_ACTIONS'] === 'true'
  const lines = form === 'text' ? findingLines(findings, io.style) : []
  await sayLines(io.host.stdout, isWorkflow ? withoutCommands(lines) : lines)
  if (form === 'text' && !isWorkflow) return
  const text = (await load[form === 'text' ? 'github' : form]())(findings, facts)
  if (text !== '') await io.out(Buffer.from(text))
}

/** A runner takes a line that begins with `::`, or has `##[` in it, for a command: names must give none. */
const command = /^\s*::|##\[/

/** Lines that look like commands are between two words that stop these, one of which nobody can guess. */
function withoutCommands(lines: readonly Line[]): readonly Line[] {
  if (!lines.some((line) => command.test(lineText(line)))) return lines
  const end = randomUUID()
  return [`::stop-commands::${end}`, ...lines, `::${end}::`]
}
