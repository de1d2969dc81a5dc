// A folder with one file in it, and the command line to work on it, all in this process.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { loadEncrypted, openFile } from '../../src/file/encrypted-file.ts'
import { localKeyService } from '../../src/index.ts'
import type { Tree } from '../../src/tree/tree.ts'
import { recipientOne } from '../fuzz/sealed.ts'
import { type CliResult, memoryFolder, runCli, sandbox } from '../support/cli.ts'
import { keysFolder, type TreeFormat } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'

const [one, two] = ['one.age', 'two.age'].map((name) => readFileSync(join(keysFolder, name), 'utf8'))
const identities = [one, two].map((text) => /AGE-SECRET-KEY-\S+/.exec(text!)![0]).join('\n')
export const recipientTwo: string = /age1[a-z0-9]+/.exec(two!)![0]

const names: Readonly<Record<TreeFormat, string>> = { yaml: 'f.yaml', json: 'f.json', dotenv: 'f.env', ini: 'f.ini' }

/** The rule says what the flags say: to a file that selects otherwise than its rule nothing is added in clear. */
const ruleFor = ([flag, expression]: readonly string[]): string =>
  `creation_rules:\n  - age: ${recipientOne}\n` +
  (flag === undefined ? '' : `    ${flag.slice(2).replaceAll('-', '_')}: ${JSON.stringify(expression ?? true)}\n`)

const configs = {
  'both.yaml': `creation_rules:\n  - age: ${recipientOne},${recipientTwo}\n`,
  'one.yaml': `creation_rules:\n  - age: ${recipientOne}\n`,
}

export interface RunOptions {
  readonly stdin?: Uint8Array
  /** What the editor leaves. */
  readonly edited?: Uint8Array
}

export interface Desk {
  readonly format: TreeFormat
  readonly selection: readonly string[]
  /** Whether the selection is by comments, and this one has a say. */
  says(comment: string): boolean
  readonly file: string
  path(name: string): string
  read(): Buffer
  write(bytes: Uint8Array, name?: string): void
  /**
   * Runs a command. One that is refused changes no byte of any file, and one that only reads neither.
   * @throws when that is not so, or when the program fails by a defect.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<CliResult>
  /** What the file holds, without the command line. */
  tree(): Promise<Tree>
  remove(): void
}

const readers = new Set(['decrypt', 'filestatus'])

export function openDesk(format: TreeFormat, selection: readonly string[]): Desk {
  const folder = sandbox({ ...configs, '.sops.yaml': ruleFor(selection) }, memoryFolder)
  const aside = sandbox({}, memoryFolder)
  const file = folder.path(names[format])
  const env = { SOPS_AGE_KEY: identities, SOPS_ADVICE: '1', HOME: aside.dir, TMPDIR: aside.dir }
  const files = (): Map<string, string> =>
    new Map(readdirSync(folder.dir).map((name) => [name, readFileSync(folder.path(name)).toString('latin1')]))
  return {
    format,
    selection,
    says: (comment) => selection[0]?.includes('comment') === true && new RegExp(selection[1]!).test(comment),
    file,
    path: folder.path,
    read: () => readFileSync(file),
    write: (bytes, name) => writeFileSync(name === undefined ? file : folder.path(name), bytes),
    async run(argv, { stdin, edited } = {}) {
      const before = files()
      if (edited) writeFileSync(aside.path('edited'), edited)
      const result = await runCli(argv, {
        cwd: folder.dir,
        env: edited ? { ...env, EDITOR: `/bin/cp ${aside.path('edited')}` } : env,
        ...(stdin ? { stdin } : {}),
      })
      const said = `${argv.join(' ')}: ${result.stderr}`
      if (/internal error|could not be opened again/.test(said)) throw new Error(`a defect: ${said}`)
      if (result.code !== 0 || readers.has(argv[0]!))
        expect(files(), `a refused command changes nothing: ${said}`).toEqual(before)
      return result
    },
    async tree() {
      const services = [localKeyService(fakeContext({ env }))]
      const opened = await openFile(await loadEncrypted(readFileSync(file), format), { services })
      opened.dataKey.fill(0)
      return opened.plain
    },
    remove() {
      folder.remove()
      aside.remove()
    },
  }
}
