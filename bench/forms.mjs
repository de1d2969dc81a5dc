// The forms of the program side by side, and beside a reference where there is one: whole processes by clock, processor time and memory.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inTurns, median, timed } from './measure.mjs'

/** Bash counts processor time in milliseconds; GNU time, where it is, says what memory the program had at most. */
const script = 'TIMEFORMAT="%U %S"; { time "$@" 2>errors.tmp; } 2>usage.tmp || { cat errors.tmp >&2; exit 1; }'
const gnuTime = '/usr/bin/time'

/**
 * The programs to compare: the Node form, the executable (SOPS_BENCH_EXECUTABLE, else dist/sops) and the reference (SOPS_BENCH_REFERENCE),
 * as far as they are there.
 * @returns {[string, string[]][]}
 */
export function formsOf(root) {
  const executable = process.env.SOPS_BENCH_EXECUTABLE || join(root, 'dist/sops')
  const reference = process.env.SOPS_BENCH_REFERENCE
  return [
    ['Node', [process.execPath, join(root, 'bin/sops.cjs')]],
    ...(existsSync(executable) ? [/** @type {[string, string[]]} */ (['executable', [executable]])] : []),
    ...(reference ? [/** @type {[string, string[]]} */ (['reference', [reference]])] : []),
  ]
}

async function run({ words, cwd, env }) {
  const memory = existsSync(gnuTime) ? [gnuTime, '-q', '-f', '%M', '-o', 'memory.tmp'] : []
  const ms = await timed('bash', ['-c', script, 'bash', ...memory, ...words], { cwd, env, name: words.join(' ') })
  const [user = 0, system = 0] = readFileSync(join(cwd, 'usage.tmp'), 'utf8').trim().split(' ').map(Number)
  const peak = memory.length > 0 ? Number(readFileSync(join(cwd, 'memory.tmp'), 'utf8')) / 1024 : undefined
  return { ms, cpu: (user + system) * 1000, peak }
}

/**
 * @param {{ name: string, words: string[], cwd: string, env: Record<string, string> }[]} jobs
 * @returns {Promise<Map<string, any>>} medians by name
 */
async function measureForms(jobs, rounds) {
  const runs = await inTurns(jobs, rounds, run)
  return new Map(
    [...runs].map(([name, list]) => {
      const all = (key) => median(list.map((result) => result[key]))
      return [name, { ms: all('ms'), cpu: all('cpu'), ...(list[0]?.peak === undefined ? {} : { peak: all('peak') }) }]
    }),
  )
}

const [small, textconv, kms] = ['decrypt 1 KB', 'git textconv 1 KB', 'decrypt 1 KB, AWS KMS']

/**
 * What is measured: a name and the words of the command line each, short ones first.
 * @returns {{ starts: [string, string[]][], long: [string, string[]][] }}
 */
export function worksOf({ leaves, size }) {
  const label = `${size / 2 ** 20} MB`
  return {
    starts: [
      [small, ['decrypt', 'sealed-small.yaml']],
      [textconv, ['git', 'textconv', 'sealed-small.yaml']],
      [kms, ['decrypt', 'aws.yaml']],
    ],
    long: [
      ...Object.entries(leaves).flatMap(
        ([type, count]) =>
          /** @type {[string, string[]][]} */ ([
            [`encrypt ${count} leaves .${type}`, ['encrypt', `many.${type}`]],
            [`decrypt ${count} leaves .${type}`, ['decrypt', `sealed-many.${type}`]],
          ]),
      ),
      [`encrypt ${label}`, ['encrypt', 'big.bin']],
      [`decrypt ${label}`, ['decrypt', '--input-type', 'binary', '--output-type', 'binary', 'sealed-big.bin']],
    ],
  }
}

/** Rows for the table, each with the reference's processor time or else the Node form's as floor, and what the targets came to. */
export async function compare(forms, { starts, long }, { cwd, env, awsEnv, isQuick }) {
  const jobsOf = (works) =>
    works.flatMap(([what, words]) =>
      forms
        // The reference has no such command.
        .filter(([form]) => form !== 'reference' || what !== textconv)
        .map(([form, program]) => ({
          name: `${form}: ${what}`,
          words: [...program, ...words],
          cwd,
          env: what === kms ? awsEnv : env,
        })),
    )
  const node = { name: 'node: -e 0', words: [process.execPath, '-e', '0'], cwd, env }
  const results = new Map([
    ...(await measureForms([node, ...jobsOf(starts)], isQuick ? 7 : 31)),
    ...(await measureForms(jobsOf(long), isQuick ? 3 : 7)),
  ])
  const rows = [...starts, ...long].flatMap(([what]) => {
    const of = results.has(`reference: ${what}`) ? 'reference' : 'Node'
    const floor = results.get(`${of}: ${what}`)
    return forms
      .filter(([form]) => form !== of && form !== 'reference')
      .map(([form]) => {
        const own = results.get(`${form}: ${what}`)
        const ratio = own.cpu / floor.cpu
        return { what: `${form}: ${what}`, ...own, min: own.cpu, floor: `${of}, CPU`, floorMs: floor.cpu, ratio }
      })
  })
  const [, [executable] = []] = forms.find(([form]) => form === 'executable') ?? []
  const env50 = long.map(([what]) => what).filter((what) => what.endsWith('.env'))
  return { rows, targets: executable ? targetsOf(results, executable, env50) : [] }
}

/**
 * Targets of the executable, as far as there is something to compare with: ratios are of processor time.
 * @returns {{ what: string, value: number, limit: number, met: boolean, unit: string }[]}
 */
function targetsOf(results, executable, dotenv) {
  const cpu = (form, what) => results.get(`${form}: ${what}`)?.cpu
  const own = (what) => cpu('executable', what)
  const targets = []
  const add = (what, value, limit, unit) => targets.push({ what, value, limit, met: value <= limit, unit })
  const reference = cpu('reference', small)
  if (reference) {
    for (const what of [small, textconv]) add(`${what}, against the reference`, own(what) / reference, 1.3, 'x')
    for (const what of dotenv) add(`${what}, against the reference`, own(what) / cpu('reference', what), 1.5, 'x')
  }
  for (const what of [small, textconv]) add(`${what}, against node -e 0`, own(what) / cpu('node', '-e 0'), 1, 'x')
  add(`${kms}, over age`, own(kms) - own(small), 70, 'ms')
  const { peak } = results.get(`executable: ${small}`)
  if (peak !== undefined) add(`${small}, memory`, peak, 60, 'MiB')
  add('the file', statSync(executable).size / 1e6, 130, 'MB')
  return targets
}
