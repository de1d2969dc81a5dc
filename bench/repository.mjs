// Whole repositories: many small files in one run, for each form of the program, and beside a shell loop of the reference where there is one.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurns, median, timed } from './measure.mjs'

/** Milliseconds that a run over all files may take, over the start of Node. */
const [ofFiles, ofNames] = [2500, 3000]

/**
 * @typedef {object} Work
 * @property {string} what
 * @property {string[]} words of the command for all files
 * @property {(tree: string) => void} [before] each run, when all is as it was committed
 * @property {string} [loop] the words of the reference for one file, `$f`
 */

/** @type {(count: number) => Work[]} */
const worksOf = (count) => [
  { what: `rotate -i, ${count} files`, words: ['rotate', '-i', '--all'], loop: 'rotate -i "$f"' },
  { what: `check, ${count} files`, words: ['check'] },
  { what: `updatekeys --check, ${count} files`, words: ['updatekeys', '--check', '--all'] },
  {
    what: `updatekeys -y, nothing to do, ${count} files`,
    words: ['updatekeys', '-y', '--all'],
    loop: 'updatekeys -y "$f"',
  },
  { what: `set, ${count} files`, words: ['set', '--all', '["kind"]', '"New"'], loop: `set "$f" '["kind"]' '"New"'` },
  { what: `unset, ${count} files`, words: ['unset', '--all', '["kind"]'] },
  {
    what: `updatekeys -y, one more recipient, ${count} files`,
    words: ['updatekeys', '-y', '--all'],
    before: forOneMore,
  },
  { what: `decrypt -i, ${count} files`, words: ['decrypt', '-i', '--all'] },
  { what: `filestatus, ${count} files`, words: ['filestatus', '--all'] },
  {
    what: `decrypt --output-dir, ${count} files`,
    words: ['decrypt', '--all', '--output-dir', 'plain'],
    before: (tree) => rmSync(join(tree, 'plain'), { recursive: true, force: true }),
    loop: 'decrypt "$f" > out.tmp',
  },
  {
    what: `encrypt -i over HEAD, ${count} files`,
    words: ['encrypt', '-i', '--all'],
    before: (tree) => cpSync(join(tree, 'source'), join(tree, 's'), { recursive: true }),
    loop: 'encrypt -i "$f"',
  },
  {
    what: `encrypt -i --fresh, ${count} files`,
    words: ['encrypt', '-i', '--fresh', '--all'],
    before: (tree) => cpSync(join(tree, 'source'), join(tree, 's'), { recursive: true }),
  },
]

/** @type {(before?: (tree: string) => void) => (tree: string) => void} */
const fromCommit = (before) => (tree) => {
  execFileSync('git', ['checkout', '-q', 'HEAD', '--', '.'], { cwd: tree })
  before?.(tree)
}

/** A rule that names somebody more. */
function forOneMore(tree) {
  const rules = join(tree, '.sops.yaml')
  writeFileSync(rules, readFileSync(rules, 'utf8').replace(/(age: .*)/, `$1,${another}`))
}

/** A recipient whose identity nobody has. */
const another = 'age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun'

/** A committed repository of `count` encrypted files below `s`, their plaintexts below `source`, which Git ignores. */
function makeTree(tree, count, { text, bin, env, recipient }) {
  for (const folder of ['s', 'source']) {
    mkdirSync(join(tree, folder), { recursive: true })
    for (let i = 0; i < count; i++) writeFileSync(join(tree, folder, `${i}.enc.yaml`), text)
  }
  writeFileSync(join(tree, '.sops.yaml'), `creation_rules:\n  - path_regex: \\.enc\\.\n    age: ${recipient}\n`)
  writeFileSync(join(tree, '.gitignore'), '/source/\n/plain/\n*.tmp\n')
  const git = gitIn(tree, env)
  git('init', '-q')
  git('add', '-A')
  execFileSync(process.execPath, [bin, 'encrypt', '-i', '--fresh', '--all'], { cwd: tree, env })
  git('add', '-A')
  git('commit', '-q', '-m', 'sealed')
}

/** The same with other copies of one encrypted file among files that are none. */
function makeLargeTree(tree, count, sealed) {
  for (let i = 0; i < count; i++) {
    const folder = join(tree, `d${i % 100}`)
    if (i < 100) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${i}.yaml`), i % 20 === 0 ? sealed : `n: ${i}\n`)
  }
}

const gitIn =
  (cwd, env) =>
  (/** @type {string[]} */ ...args) => {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.test']
    return execFileSync('git', [...identity, ...args], { cwd, env })
  }

/** Rows for the table: what a run adds to the start of Node, and its share of what the reference takes one by one. */
export async function repositoryRows(forms, { folder, bin, env, recipient, text, isQuick }) {
  const [count, names] = isQuick ? [100, 2000] : [1000, 20_000]
  const tree = join(folder, 'repository')
  makeTree(tree, count, { text, bin, env, recipient })
  const works = worksOf(count)
  const own = forms.filter(([form]) => form !== 'reference')
  const [, reference] = forms.find(([form]) => form === 'reference') ?? []
  const start = { name: 'node -e 0', cwd: folder, words: [process.execPath, '-e', '0'] }
  const jobs = works.flatMap(({ what, words, before }) =>
    own.map(([form, program]) => ({
      name: `${form}: ${what}`,
      cwd: tree,
      before: fromCommit(before),
      words: [...program, ...words],
    })),
  )
  const loops = works.flatMap(({ what, loop, before }) => {
    if (!reference || !loop) return []
    const line = `for f in s/*.yaml; do ${reference.map((word) => `'${word}'`).join(' ')} ${loop} || exit 1; done`
    return [{ name: `reference: ${what}`, cwd: tree, before: fromCommit(before), words: ['bash', '-c', line] }]
  })
  const large = listing(own, { bin, env, names, folder, tree })
  const run = async ({ name, words: [program, ...args], cwd, before }) => {
    before?.(cwd)
    return { ms: await timed(program, args, { cwd, env, name }) }
  }
  const results = new Map([
    ...(await inTurns([start, ...jobs, ...large], isQuick ? 2 : 5, run)),
    // One round of these takes as long as all of the others.
    ...(await inTurns(loops, 1, run)),
  ])
  const ms = (name) => median((results.get(name) ?? []).map((one) => one.ms))
  const rows = [...jobs, ...large].map(({ name, limit = ofFiles }) => {
    const all = results.get(name)?.map((one) => one.ms) ?? []
    const added = ms(name) - ms('node -e 0')
    const floor = { floor: 'node -e 0', floorMs: ms('node -e 0') }
    return { what: name, ms: ms(name), min: Math.min(...all), ...floor, added, unit: 'ms', limit, met: added <= limit }
  })
  return [...rows, ...loops.flatMap(({ name }) => own.map(([form]) => shareOf(name, form, ms)))]
}

/** At least five times as fast. */
function shareOf(loop, form, ms) {
  const what = loop.replace('reference', form)
  const [own, floorMs] = [ms(what), ms(loop)]
  const ratio = own / floorMs
  return { what, ms: own, min: own, floor: 'reference, one by one', floorMs, ratio, target: 0.2, met: ratio <= 0.2 }
}

function listing(forms, { bin, env, names, folder, tree }) {
  if (spawnSync(process.execPath, [bin, 'help', 'ls'], { env }).status !== 0) {
    process.stderr.write('ls is not measured: the program has no such command\n')
    return []
  }
  const large = join(folder, 'large')
  const git = gitIn(tree, env)
  makeLargeTree(large, names, git('show', 'HEAD:s/0.enc.yaml'))
  gitIn(large, env)('init', '-q')
  gitIn(large, env)('add', '-A')
  return forms.map(([form, program]) => ({
    name: `${form}: ls --all, ${names} files`,
    cwd: large,
    words: [...program, 'ls', '--all'],
    before: undefined,
    limit: ofNames,
  }))
}
