// `sops git install`: which files it tells Git about.
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../../support/project.ts'

let project: Project
let alice: Person

beforeEach(async () => {
  project = makeProject({ 'a.enc.yaml': '# note\na: 1\n', 'plain.yaml': 'a: 1\n' })
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: \\.enc\\.yaml$\n    age: ${alice.recipient}\n`)
  await alice.sops(['encrypt', '-i', 'a.enc.yaml'])
})
afterEach(() => project.remove())

test('install writes the configuration and the attributes once', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  project.write('.gitattributes', '*.png binary')
  for (let i = 0; i < 2; i++) expect(await alice.sops(['git', 'install'])).toMatchObject({ code: 0 })
  const config = execFileSync('git', ['config', 'diff.sopsdiffer.textconv'], { cwd: project.dir, encoding: 'utf8' })
  expect(config).toBe('sops git textconv\n')
  const lines = project.read('.gitattributes').split('\n')
  expect(lines[0]).toBe('*.png binary')
  expect(lines.filter((line) => line === '*.enc.yaml diff=sopsdiffer merge=sops')).toHaveLength(1)
})

test('install --global writes the attributes file of the user', async () => {
  const home = `${project.dir}/home`
  const env = { HOME: home, XDG_CONFIG_HOME: `${home}/.config`, GIT_CONFIG_GLOBAL: `${project.dir}/gitconfig` }
  project.write('home/.config/git/attributes', '')
  expect(await alice.sops(['git', 'install', '--global'], { env })).toMatchObject({ code: 0, stderr: '' })
  expect(project.read('gitconfig')).toContain('textconv = sops git textconv')
  expect(project.read('home/.config/git/attributes')).toContain('*.enc.yaml diff=sopsdiffer merge=sops\n')
})

test('install --global makes the folder of the attributes file, as on a new machine', async () => {
  const home = `${project.dir}/new-home`
  const env = { HOME: home, XDG_CONFIG_HOME: '', GIT_CONFIG_GLOBAL: `${project.dir}/new-gitconfig` }
  project.write('new-home/x', '')
  expect(await alice.sops(['git', 'install', '--global'], { env })).toMatchObject({ code: 0, stderr: '' })
  expect(project.read('new-home/.config/git/attributes')).toContain('*.enc.yaml diff=sopsdiffer merge=sops\n')
})

test('install outside a repository says so', async () => {
  const { code, stderr } = await alice.sops(['git', 'install'])
  expect(code).toBe(1)
  expect(stderr).toContain('not a git repository')
})

/** What git takes for a file of sops, after an installation with these words. */
async function installed(words: readonly string[], paths: readonly string[]): Promise<readonly string[]> {
  const { code, stderr } = await alice.sops(['git', 'install', ...words])
  expect([code, stderr]).toEqual([0, ''])
  const said = execFileSync('git', ['check-attr', 'diff', ...paths], { cwd: project.dir, encoding: 'utf8' })
  return paths.filter((_, i) => said.split('\n')[i]?.endsWith(': sopsdiffer'))
}

test('install takes patterns, and those of the rules, of nested configurations too', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: ^keys/.*\\.yaml$\n    age: ${alice.recipient}\n`)
  project.write('sub dir/.sops.yaml', `creation_rules:\n  - path_regex: \\.hidden$\n    age: ${alice.recipient}\n`)
  const paths = [
    'x.secret.yaml',
    'keys/a/b.yaml',
    'sub dir/a/b.hidden',
    'b.hidden',
    'a.yaml',
    'x.sops.env',
    'y.sops.ini',
  ]
  const shown = ['x.secret.yaml', 'keys/a/b.yaml', 'sub dir/a/b.hidden', 'x.sops.env', 'y.sops.ini']
  expect(await installed(['*.secret.yaml'], paths)).toEqual(shown)
  const before = project.read('.gitattributes')
  expect(await installed(['*.secret.yaml'], paths)).toEqual(shown)
  expect(project.read('.gitattributes')).toBe(before)
})

test('install takes folders, and names that begin where the user is', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  const paths = ['secrets/a/b.yaml', 'sec/a.yaml', 'sec/b/a.yaml', 'top.yaml', 'in/top.yaml']
  expect(await installed(['secrets/', './sec/*.yaml', './top.yaml'], paths)).toEqual([
    'secrets/a/b.yaml',
    'sec/a.yaml',
    'top.yaml',
  ])
  expect(String(project.read('.gitattributes'))).toMatch(
    /^secrets\/\*\* diff=.*\nsec\/\*\.yaml diff=.*\n\/top\.yaml diff=/m,
  )
})

test('install says of which rules it cannot tell the files', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  const rules = ['path_regex: .enc.yaml$', 'path_regex: \\.env$', '']
  const texts = rules.map((rule) => `  - age: ${alice.recipient}\n    ${rule}\n`)
  project.write('.sops.yaml', `creation_rules:\n${texts.join('')}`)
  project.write('broken/.sops.yaml', 'creation_rules: {\n')
  const { code, stderr } = await alice.sops(['git', 'install'], { env: { SOPS_ADVICE: '1' } })
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /^note: creation_rules\[0\] of \S+\.sops\.yaml gives no patterns: no pattern means exactly "\.enc\.yaml\$"; /m,
  )
  expect(stderr).toMatch(
    /^note: creation_rules\[2\] of \S+ is for every file: of those the ones with "secret" in their names are taken; /m,
  )
  expect(stderr).toMatch(/^note: the rules of \S+broken\/\.sops\.yaml are not taken into account: /m)
  expect(stderr).not.toContain('creation_rules[1]')
  expect(project.read('.gitattributes')).toContain('\n*.env diff=sopsdiffer merge=sops\n')
})

test.each(['', 'path_regex: .*', 'path_regex: ""', 'path_regex: ^.+$'])(
  'of a rule for every file, as keygen suggests (%s), install takes what secrets are usually called',
  async (field) => {
    execFileSync('git', ['init', '-q'], { cwd: project.dir })
    project.write('sub/.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n    ${field}\n`)
    const { code, stdout } = await alice.sops(['git', 'install'])
    expect([code, stdout]).toEqual([0, expect.stringContaining(' sub/**/*secret*.yaml ')])
    const paths = ['sub/secrets.yaml', 'sub/a/my-secret.env', 'sub/plain.yaml', 'secrets.yaml']
    const said = execFileSync('git', ['check-attr', 'diff', ...paths], { cwd: project.dir }).toString()
    expect(said.match(/sopsdiffer/g)).toHaveLength(2)
  },
)

test('install refuses what is no pattern, and changes nothing', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  expect(await alice.sops(['git', 'install', '!x'])).toMatchObject({ code: 1 })
  expect(() => project.read('.gitattributes')).toThrow()
})

const config = (...words: string[]): string =>
  execFileSync('git', ['config', '--local', ...words], { cwd: project.dir, encoding: 'utf8' })

const settings = (): readonly string[] =>
  config('--list')
    .split('\n')
    .filter((line) => /^(?:diff|merge|mergetool|filter)\./.test(line))

const shown = [
  'diff.sopsdiffer.textconv=sops git textconv',
  'merge.sops.name=values of sops files',
  'merge.sops.driver=sops git merge-driver %O %A %B %L %P %S %X %Y',
  'merge.sops.recursive=binary',
  'mergetool.sops.cmd=sops merge --base "$BASE" --local "$LOCAL" --remote "$REMOTE" --output "$MERGED"',
  'mergetool.sops.trustexitcode=true',
]

test('install makes the settings of Git, and those of the filter where it is asked for', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  await alice.sops(['git', 'install'])
  expect(settings()).toEqual(shown)
  const attributes = project.read('.gitattributes')
  const { code, stdout, stderr } = await alice.sops(['git', 'install', '--filter'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(
    /stay as they are until then[\s\S]*for editors, backups and coding agents[\s\S]*no guard: sops check/,
  )
  expect(settings()).toEqual([
    ...shown,
    'filter.sops.process=sops git filter-process',
    'filter.sops.clean=sops git clean %f',
    'filter.sops.smudge=sops git smudge %f',
    'filter.sops.required=true',
  ])
  expect(project.read('.gitattributes')).toBe(attributes.replaceAll('merge=sops\n', 'merge=sops filter=sops\n'))
})

test('install takes the configuration out of the files of sops', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  await alice.sops(['git', 'install', '--filter', '*.yaml'])
  const said = execFileSync(
    'git',
    ['check-attr', 'diff', 'merge', 'filter', '--', '.sops.yaml', 'a/.sops.yaml', 'x.sops.yaml'],
    {
      cwd: project.dir,
      encoding: 'utf8',
    },
  )
  expect(said.match(/\.sops\.yaml: \w+: unspecified$/gm)).toHaveLength(6)
  expect(said.match(/^x\.sops\.yaml: \w+: sops(differ)?$/gm)).toHaveLength(3)
})

test('a clone that has the attributes keeps its file as it is, by another order of words too', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  await alice.sops(['git', 'install', '--filter'])
  const attributes = project
    .read('.gitattributes')
    .replaceAll('diff=sopsdiffer merge=sops filter=sops', 'filter=sops text diff=sopsdiffer merge=sops')
  project.write('.gitattributes', attributes)
  execFileSync('git', ['config', '--local', '--remove-section', 'filter.sops'], { cwd: project.dir })
  for (const words of [[], ['--filter']]) {
    expect(await alice.sops(['git', 'install', ...words])).toMatchObject({ code: 0, stderr: '' })
    expect(project.read('.gitattributes')).toBe(attributes)
  }
  expect(settings()).toContain('filter.sops.process=sops git filter-process')
})

test('install never keeps what was shown, and warns where Git does', async () => {
  execFileSync('git', ['init', '-q'], { cwd: project.dir })
  config('diff.sopsdiffer.cachetextconv', 'true')
  const { code, stderr } = await alice.sops(['git', 'install'])
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: diff\.sopsdiffer\.cachetextconv is set: /)])
})

test('install --global has no filter', async () => {
  const { code, stderr } = await alice.sops(['git', 'install', '--global', '--filter'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('--filter is for one repository')])
})
