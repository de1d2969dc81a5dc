// What the functional cases share: a folder with .sops.yaml, where every command runs, and their files in another folder.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeProject, type Person, type Project } from '../support/project.ts'

export interface Suite extends Pick<Person, 'recipient' | 'sops'> {
  readonly project: Project
  /** Writes a file outside the project; its absolute path. */
  readonly file: (name: string, text: string) => string
  /** The same, encrypted in place for the person of the suite. */
  readonly encrypted: (name: string, text: string) => Promise<string>
  readonly path: (name: string) => string
  readonly remove: () => void
}

export const read = (path: string): string => readFileSync(path, 'utf8')

/** `rules` stand before the rule for everything else. */
export function makeSuite(rules = ''): Suite {
  const project = makeProject()
  const { recipient, sops } = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n${rules}  - age: ${recipient}\n`)
  const dir = mkdtempSync(join(tmpdir(), 'sops-functional-tests-'))
  const path = (name: string): string => join(dir, name)
  const file = (name: string, text: string): string => {
    writeFileSync(path(name), text)
    return path(name)
  }
  const encrypted = async (name: string, text: string): Promise<string> => {
    const { code, stderr } = await sops(['encrypt', '-i', file(name, text)])
    if (code !== 0) throw new Error(stderr)
    return path(name)
  }
  const remove = (): void => {
    project.remove()
    rmSync(dir, { recursive: true, force: true })
  }
  return { project, recipient, sops, file, encrypted, path, remove }
}
