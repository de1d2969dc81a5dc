// Findings that are known: a file lists them, and none of them counts.
import { type CheckFinding, fingerprintOf } from '../../check/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { readFile } from '../../system/index.ts'
import type { Io } from '../invocation.ts'
import { absolutePath } from '../settings.ts'

const version = 1

/** The text of a baseline; its entries can be read, and are told apart by their fingerprints. */
export function baselineText(findings: readonly CheckFinding[]): string {
  const known = new Map(findings.map((finding) => [fingerprintOf(finding), finding]))
  const entries = [...known].map(([fingerprint, { rule, place, keyPath }]) => ({
    rule,
    path: place,
    ...(keyPath === undefined ? {} : { keyPath }),
    fingerprint,
  }))
  return `${JSON.stringify({ version, findings: entries }, undefined, 2)}\n`
}

/** True for findings that the file does not have. @throws SopsError `generic` for a file that is no baseline. */
export async function unknownTo(name: string, { ctx }: Pick<Io, 'ctx'>): Promise<(finding: CheckFinding) => boolean> {
  const refuse = (reason: string): SopsError =>
    new SopsError('generic', `--baseline ${name}: ${reason}`, {
      hints: [`to write one: sops check --write-baseline FILE`],
    })
  const text = await readFile(absolutePath(ctx, name), 'utf8').catch((error: unknown) => {
    throw refuse(messageOf(error))
  })
  let data: { readonly version?: unknown; readonly findings?: unknown }
  try {
    data = JSON.parse(text)
  } catch {
    throw refuse('is no JSON')
  }
  if (data?.version !== version || !Array.isArray(data.findings)) throw refuse(`is no baseline of version ${version}`)
  const known = new Set(data.findings.map((entry: { readonly fingerprint?: unknown }) => entry?.fingerprint))
  return (finding) => !known.has(fingerprintOf(finding))
}
