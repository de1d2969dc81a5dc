// What comments cite is there: docs/spec is cited as `spec/format.md 2.4`, `7.9 A to C`, `14, rows 8 and 17`, everything else by its path.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { citationFaults, referenceFaults } from '../support/citations.ts'
import { commentsOf } from '../support/comments.ts'

const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .filter((name) => ending.test(name))
    .sort()
const text = (name: string): string => readFileSync(join(root, name), 'utf8')

describe('a citation', () => {
  test.each([
    'spec/format.md 2.4',
    'the record (spec/format.md 6.1, 6.5) of a file',
    'spec/format.md 2 to 5.',
    'spec/format.md 3.3, spec/keys.md 11',
    'spec/format.md 7.9 A to C',
    'spec/cli.md 8 V). The rest',
    'spec/format.md 14, row 13',
    'spec/format.md 6.5, 14, rows 8 and 17).',
    'spec/cli.md 13.4.2',
    'spec/keys.md, notions',
    'the cases of spec/functional-cases.md, by their numbers',
    'docs/messages.md, README.md, fixtures/conformance/README.md',
    'RFC 9180, section 5.1; YAML 1.1 and 1.2; SOPS 3.9 or 3.10; versions before 2.1; `1.50`; 127.0.0.1:80',
  ])('that leads somewhere: %s', (comment) => {
    expect(citationFaults(comment)).toEqual([])
  })

  test.each([
    ['spec/format.md 2.8', 'spec/format.md: no section 2.8'],
    ['spec/format.md 2.4, 99', 'spec/format.md: no section 99'],
    ['spec/format.md 2 to 17', 'spec/format.md: no section 17'],
    ['spec/format.md 7.9 A to K', 'spec/format.md: no paragraph K in 7.9'],
    ['spec/format.md 14, rows 8 and 99', 'spec/format.md: no row 99 in 14'],
    ['spec/format.md', 'spec/format.md: no section named'],
    ['spec/keys.md, nonsense', 'spec/keys.md: no section named'],
    ['spec/none.md 1', 'spec/none.md: no such file'],
    ['docs/spec/format.md 2.4', 'docs/spec/format.md: no such file'],
    ['design.md', 'design.md: no such file'],
    ['as compact JSON (12.4)', '12.4: of which file?'],
    ['spec/format.md 2.4; and the defect of 5.1.', '5.1: of which file?'],
    ['see section 4', 'section 4: of which file?'],
    ['see §4', '§4: of which file?'],
    ['(row 13)', 'row 13: of which file?'],
  ])('that leads nowhere: %s', (comment, fault) => {
    expect(citationFaults(comment)).toContain(fault)
  })

  test('is found in comments alone, across their lines', () => {
    const source = `const a = 'https://x' // spec/a.md\n// 1\n/** b\n *  c */\nconst r = /[/*]/ // d\n\`\${a /* e */}//\`\n`
    expect(commentsOf('a.ts', source)).toEqual([
      { text: 'spec/a.md 1', line: 1 },
      { text: 'b c', line: 3 },
      { text: 'd', line: 5 },
      { text: 'e', line: 6 },
    ])
  })
})

test.each(['src', 'test', 'scripts', 'bench', 'bin'])('what the comments of %s cite is there', (folder) => {
  const files = filesBelow(folder, /\.[cm]?[jt]s$/)
  expect(files).not.toEqual([])
  const faults = files.flatMap((name) =>
    commentsOf(name, text(name)).flatMap(({ text, line }) =>
      citationFaults(text).map((fault) => `${name}:${line}: ${fault}`),
    ),
  )
  expect(faults).toEqual([])
})

test.each(filesBelow('docs/spec', /\.md$/))('%s refers to what is there', (name) => {
  expect(referenceFaults(name.replace('docs/spec/', ''), text(name))).toEqual([])
})

test.each([...filesBelow('docs', /\.md$/), 'README.md', 'SECURITY.md', 'CHANGELOG.md'])('the links of %s', (name) => {
  const links = [...text(name).matchAll(/\]\(([\w./-]+)(?:#[\w-]*)?\)/g)].map(([, path]) => path!)
  expect(links.filter((path) => !existsSync(join(root, dirname(name), path)))).toEqual([])
})

/** As `TYPE.MEMBER`, the members that a file declares of types, at any depth. */
function membersOf(source: ts.SourceFile): string[] {
  const found: string[] = []
  for (const one of source.statements) {
    if (!ts.isInterfaceDeclaration(one) && !ts.isTypeAliasDeclaration(one) && !ts.isClassDeclaration(one)) continue
    const visit = (node: ts.Node): void => {
      if (ts.isTypeElement(node) || ts.isClassElement(node))
        found.push(`${one.name!.text}.${node.name?.getText(source)}`)
      ts.forEachChild(node, visit)
    }
    visit(one)
  }
  return found
}

test('members of types that comments of src name are there, inherited ones by the type that declares them', () => {
  const files = filesBelow('src', /\.ts$/)
  const members = new Set(
    files.flatMap((name) => membersOf(ts.createSourceFile(name, text(name), ts.ScriptTarget.ESNext, true))),
  )
  const named = files.flatMap((name) =>
    commentsOf(name, text(name)).flatMap((comment) =>
      [...comment.text.matchAll(/`([A-Z]\w*\.[a-z]\w*)`/g)].map(([, member]) => ({ name, member: member! })),
    ),
  )
  expect(named.length).toBeGreaterThan(9)
  expect(named.filter(({ member }) => !members.has(member))).toEqual([])
})
