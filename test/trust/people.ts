// Who meets in the tests of attacks: two whom a file is for, and one who can write it and should not read it.
import { makeProject, type Person, type Project } from '../support/project.ts'

export interface People {
  readonly project: Project
  readonly alice: Person
  readonly bob: Person
  readonly mallory: Person
}

export function threePeople(files: Readonly<Record<string, string>> = {}): People {
  const project = makeProject(files)
  return { project, alice: project.person('one'), bob: project.person('two'), mallory: project.person('three') }
}
