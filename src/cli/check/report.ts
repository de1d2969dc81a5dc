// Writes a report in the form that was asked for.
import type { Io } from '../invocation.ts'
import { sayLines } from '../say.ts'
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
  if (form === 'text') await sayLines(io.host.stdout, findingLines(findings, io.style))
  const isWorkflow = form === 'text' && io.ctx.env['GITHUB_ACTIONS'] === 'true'
  if (form === 'text' && !isWorkflow) return
  const text = (await load[form === 'text' ? 'github' : form]())(findings, facts)
  if (text !== '') await io.out(Buffer.from(text))
}
