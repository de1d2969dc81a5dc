// Writes docs/api, the reference of the library, from the docstrings of what src/index.ts exports: npm run docs [-- --check]
//
// With --check nothing is written, and it is a failure when docs/api is not what would be.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Application, LogLevel } from 'typedoc'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const place = join(root, 'docs/api')
const { values } = parseArgs({ options: { check: { type: 'boolean' } } })

const introduction = `
\`import { … } from 'sops-ts'\`: every function, type and value that the package exports, written from the docstrings by \`npm run docs\`. What the
calls are for and an example stand in the [README](../../README.md#library). Types without \`import\`, which others refer to, are named here too.
Texts are UTF-8, results of \`encrypt\` and \`decrypt\` bytes, times milliseconds unless a name or text says otherwise. Calls that fail throw
[\`SopsError\`](#sopserror).
`

/** typedoc's, and those of its plugins, which its types do not know. */
const options = /** @type {any} */ ({
  entryPoints: [join(root, 'src/index.ts')],
  tsconfig: join(root, 'tsconfig.build.json'),
  plugin: ['typedoc-plugin-markdown', 'typedoc-plugin-missing-exports'],
  name: 'API reference',
  readme: 'none',
  logLevel: LogLevel.Warn,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Variable', 'Function'],
  // `npm run check` has the compiler look for those.
  skipErrorChecking: true,
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  placeInternalsInOwningModule: true,
  outputFileStrategy: 'modules',
  flattenOutputFiles: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  classPropertiesFormat: 'table',
  tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true },
})

/** The pages by name. @throws Error where typedoc warns: of a link that leads nowhere, say */
async function pages(folder) {
  const app = await Application.bootstrapWithPlugins({ ...options, out: folder })
  const project = await app.convert()
  if (!project || app.logger.hasErrors()) throw new Error('the docstrings cannot be read')
  app.validate(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('the docstrings leave something unsaid')
  await app.generateOutputs(project)
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => {
        const text = readFileSync(join(folder, name), 'utf8')
        return [name, name === 'README.md' ? text.replace('\n', `\n${introduction}`) : text]
      }),
  )
}

const folder = mkdtempSync(join(tmpdir(), 'sops-docs-'))
try {
  const wanted = await pages(folder)
  if (values.check) {
    const found = new Map(readdirSync(place).map((name) => [name, readFileSync(join(place, name), 'utf8')]))
    const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (name) => wanted.get(name) !== found.get(name),
    )
    if (stale.length > 0) {
      console.error(`docs/api is not up to date (${stale.join(', ')}): npm run docs`)
      process.exitCode = 1
    }
  } else {
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place)
    for (const [name, text] of wanted) writeFileSync(join(place, name), text)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
