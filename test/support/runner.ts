// What a runner of GitHub does with this repository's action, as far as the action uses it: the steps in order, each a fresh bash that stops at
// the first failure, with files that carry paths and variables to the next.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from './build.ts'
import { runProcess } from './process.ts'

interface Step {
  readonly name: string
  readonly if?: string
  readonly shell: string
  readonly env: Readonly<Record<string, string>>
  readonly run: string
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly runs: { readonly steps: readonly Step[] }
}

export interface Ran {
  readonly exit: number | string
  /** What the runner reads for commands and, without those, shows. */
  readonly log: string
  readonly paths: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  /** As the runner takes them from the log. */
  readonly masks: readonly string[]
}

/** Each side of `||` is a name, of which the first that is not empty counts. */
const evaluate = (expression: string, names: Readonly<Record<string, string>>): string =>
  expression
    .split('||')
    .map((name) => names[name.trim()] ?? '')
    .find((value) => value !== '') ?? ''

const substitute = (text: string, names: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => evaluate(expression, names))

const dataOf = (data: string): string => data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')

/** The lines `NAME<<DELIMITER`, value, `DELIMITER` of GITHUB_ENV. */
export function readVariables(text: string): Record<string, string> {
  const variables: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length - 1; ) {
    const [, name, delimiter] = /^([^=]+?)<<(.+)$/.exec(lines[at]!)!
    const end = lines.indexOf(delimiter!, at + 1)
    variables[name!] = lines.slice(at + 1, end).join('\n')
    at = end + 1
  }
  return variables
}

/** `names` are what expressions can name besides inputs. */
export async function runAction(
  folder: string,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const action: Action = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
  const given = Object.entries(action.inputs).map(([name, { default: value }]) => [
    `inputs.${name}`,
    inputs[name] ?? substitute(value, names),
  ])
  const known = { ...names, ...Object.fromEntries(given) }
  const [temp, pathFile, envFile] = ['temp', 'path', 'env'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(temp, { recursive: true })
  let log = ''
  let exit: number | string = 0
  let paths: string[] = []
  let variables: Record<string, string> = {}
  for (const name of [pathFile, envFile]) writeFileSync(name, '')
  for (const step of action.runs.steps) {
    if (step.if !== undefined) {
      const [, name] = /^(\S+) != ''$/.exec(step.if)!
      if (evaluate(name!, known) === '') continue
    }
    const script = join(temp, 'step.sh')
    writeFileSync(script, step.run)
    const ran = await runProcess('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: folder,
      env: {
        ...env,
        PATH: [...paths, env['PATH']].join(':'),
        RUNNER_TEMP: temp,
        GITHUB_ACTION_PATH: root,
        GITHUB_PATH: pathFile,
        GITHUB_ENV: envFile,
        ...Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, substitute(value, known)])),
      },
    })
    log += `${ran.stdout}${ran.stderr}`
    exit = ran.exit
    paths = readFileSync(pathFile, 'utf8').split('\n').slice(0, -1).reverse()
    variables = readVariables(readFileSync(envFile, 'utf8'))
    if (exit !== 0) break
  }
  const masks = [...log.matchAll(/^::add-mask::(.*)$/gm)].map(([, data]) => dataOf(data!))
  return { exit, log, paths, variables, masks }
}
