// Recipients and threshold of a file that somebody changed without its key: whoever writes it again is told before it is written.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Person, Project } from '../support/project.ts'
import { threePeople } from './people.ts'

let project: Project
let alice: Person
let bob: Person
let mallory: Person

beforeEach(() => {
  ;({ project, alice, bob, mallory } = threePeople({ 'f.yaml': 'a: 1\n' }))
})
afterEach(() => project.remove())

const group = (...people: readonly Person[]): string =>
  `      - age: [${people.map((one) => one.recipient).join(', ')}]\n`
const groupsRule = (threshold: string, ...groups: readonly string[]): string =>
  `creation_rules:\n  - key_groups:\n${groups.join('')}${threshold === '' ? '' : `    shamir_threshold: ${threshold}\n`}`
const flatRule = (...people: readonly Person[]): string =>
  `creation_rules:\n  - age: [${people.map((one) => one.recipient).join(', ')}]\n`

const unruled =
  /^warning: f\.yaml: the data key goes to recipients of the file that its creation rule does not name: (.*)/m
const threshold = /^warning: f\.yaml: any (\d) of the (\d) key groups of the file open it.*, and (.*?)$/m

describe('shamir_threshold lowered in the file', () => {
  beforeEach(async () => {
    project.write('.sops.yaml', groupsRule('3', group(alice), group(alice), group(alice)))
    expect(await alice.sops(['encrypt', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    project.write('f.yaml', project.read('f.yaml').replace('shamir_threshold: 3', 'shamir_threshold: 2'))
  })

  const commands: readonly (readonly [string, () => readonly string[]])[] = [
    ['rotate', () => ['rotate', '-i', 'f.yaml']],
    ['updatekeys', () => ['updatekeys', '--yes', 'f.yaml']],
    ['groups add', () => ['groups', 'add', '-i', '-f', 'f.yaml', '--age', alice.recipient]],
    ['groups delete', () => ['groups', 'delete', '-i', '-f', 'f.yaml', '0']],
  ]
  test.each(commands.slice(0, 3))('%s names the number of the rule too', async (_, argv) => {
    const { code, stderr } = await alice.sops(argv())
    expect(code).toBe(0)
    expect(threshold.exec(stderr)?.slice(1)).toMatchObject(['2', expect.any(String), 'the creation rule wants 3'])
  })

  test('updatekeys makes it the number of the rule', async () => {
    await alice.sops(['updatekeys', '--yes', 'f.yaml'])
    expect(project.read('f.yaml')).toContain('shamir_threshold: 3')
  })

  test.each(['', 'creation_rules:\n  - path_regex: other\n    age: nobody\n', undefined])(
    'where no rule states one (%j), rotate and groups add say what it is',
    async (config) => {
      const rule = config === undefined ? groupsRule('', group(alice), group(alice), group(alice)) : config
      project.write('.sops.yaml', rule)
      for (const [, argv] of [commands[0]!, commands[2]!]) {
        const { code, stderr } = await alice.sops(argv())
        expect(code).toBe(0)
        expect(threshold.exec(stderr)?.[3]).toBe('no creation rule says how many it should be')
      }
    },
  )

  test('nothing is said where it is as strict as it can be', async () => {
    project.write('f.yaml', project.read('f.yaml').replace('shamir_threshold: 2', 'shamir_threshold: 3'))
    for (const config of [groupsRule('3', group(alice), group(alice), group(alice)), '']) {
      project.write('.sops.yaml', config)
      expect(await alice.sops(['rotate', '-i', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
    }
  })
})

describe('a recipient that only the file names', () => {
  beforeEach(async () => {
    const recipients = `${alice.recipient},${mallory.recipient}`
    expect(await alice.sops(['encrypt', '-i', '--age', recipients, 'f.yaml'])).toMatchObject({ code: 0 })
  })

  test.each<[string, () => readonly string[]]>([
    ['rotate', () => ['rotate', '-i', 'f.yaml']],
    ['rotate that adds another', () => ['rotate', '-i', '--add-age', bob.recipient, 'f.yaml']],
    ['groups add', () => ['groups', 'add', '-i', '-f', 'f.yaml', '--age', bob.recipient]],
  ])('%s names it, and not those that the user names', async (_, argv) => {
    project.write('.sops.yaml', flatRule(alice))
    const { code, stderr } = await alice.sops(argv())
    expect(code).toBe(0)
    expect(unruled.exec(stderr)?.[1]).toContain(mallory.recipient)
    for (const person of [alice, bob]) expect(unruled.exec(stderr)?.[1]).not.toContain(person.recipient)
  })

  test.each<[string, () => string]>([
    ['there is no configuration', () => ''],
    ['the rule names it', () => flatRule(alice, mallory)],
    ['the rule names nobody', () => 'creation_rules:\n  - unencrypted_suffix: _u\n'],
    ['no rule is for the file', () => 'creation_rules:\n  - path_regex: other\n    age: nobody\n'],
    ['the rule cannot be read', () => 'creation_rules:\n  - age: nobody\n'],
  ])('rotate says nothing where %s', async (_, config) => {
    project.write('.sops.yaml', config())
    expect(await alice.sops(['rotate', '-i', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('rotate says nothing of what it takes out, or was told to add', async () => {
    project.write('.sops.yaml', flatRule(alice))
    const argv = ['rotate', '-i', '--rm-age', mallory.recipient, '--add-age', bob.recipient, 'f.yaml']
    expect(await alice.sops(argv)).toMatchObject({ code: 0, stderr: '' })
  })

  test('its name steers no terminal', async () => {
    project.write('.sops.yaml', flatRule(alice))
    const evil = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA\u001b[2K\nok'
    const text = project.read('f.yaml').replace(mallory.recipient, JSON.stringify(evil).replace(/\\u001b/, '\\e'))
    project.write('f.yaml', text)
    const { stderr } = await alice.sops(['rotate', '-i', 'f.yaml'])
    expect(stderr).not.toContain('\u001b')
    expect(stderr).toMatch(unruled)
  })
})

describe('edit -s of a file of several groups', () => {
  beforeEach(async () => {
    project.write('.sops.yaml', groupsRule('3', group(alice), group(alice), group(alice, mallory)))
    expect(await alice.sops(['encrypt', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    project.write('.sops.yaml', groupsRule('3', group(alice), group(alice), group(alice)))
    project.write('f.yaml', project.read('f.yaml').replace('shamir_threshold: 3', 'shamir_threshold: 2'))
  })
  const edit = (script: string): ReturnType<Person['sops']> =>
    alice.sops(['edit', '-s', 'f.yaml'], { env: { EDITOR: `sed -i -E '${script}'` } })

  test('says who else gets the new shares, and how few of them open the file', async () => {
    const { code, stderr } = await edit(`0,/recipient: age.*/s//recipient: ${bob.recipient}/`)
    expect(code).toBe(0)
    expect(unruled.exec(stderr)?.[1]).toContain(mallory.recipient)
    expect(unruled.exec(stderr)?.[1]).not.toContain(bob.recipient)
    expect(threshold.exec(stderr)?.slice(1)).toEqual(['2', '3', 'the creation rule wants 3'])
  })

  test('says nothing of a threshold that the user sets there, and nothing where no share is made', async () => {
    const { code, stderr } = await edit('s/shamir_threshold: 2/shamir_threshold: 3/')
    expect(code).toBe(0)
    expect(stderr).toMatch(unruled)
    expect(stderr).not.toMatch(threshold)
    expect(await edit('s/a: 1/a: 2/')).toMatchObject({ code: 0, stderr: '' })
  })
})
