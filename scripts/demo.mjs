// A tour on real files in a temp folder: encrypt, edit, decrypt, tamper. Exits 1 if anything is not as it should be.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateIdentity, identityToRecipient } from 'age-encryption'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'bin/sops.cjs')
const folder = mkdtempSync(join(tmpdir(), 'sops-demo-'))
const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)
const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, SOPS_AGE_KEY: identity }

const files = {
  'values.yaml': `# settings of the shop
image:
  tag: "1.10"        # a string, not a number
database:
    host:     db.example.test
    password: not-a-password
    replicas: [db-0, 'db-1']
motd: |+
  Welcome!

`,
  'config.json': '{\n  "api": { "token": "fake-token", "retries": 3 },\n  "ratio": 1.50\n}\n',
  'app.env': '# local settings\n\nDATABASE_URL="postgres://shop:fake@localhost/shop"\nDEBUG=true\n',
  'server.ini': '; listener\n[server]\nport   = 8443\nsecret = fake-secret\n',
  'cert.p12': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
}

let failures = 0
const say = (text = '') => process.stdout.write(`${text}\n`)
const paint = (code, text) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text)
const title = (text) => say(`\n${paint(1, `== ${text}`)}`)
const shorten = (line) => (line.length > 100 ? `${line.slice(0, 97)}...` : line)
const excerpt = (text, count = 12) => {
  const lines = text.replace(/\n$/, '').split('\n')
  for (const line of lines.slice(0, count)) say(`    ${shorten(line)}`)
  if (lines.length > count) say(`    ... ${lines.length - count} more lines`)
}
const check = (fine, what) => {
  say(`  ${fine ? paint(32, 'ok  ') : paint(31, 'FAIL')} ${what}`)
  if (!fine) failures++
}

function sops(args, more = {}) {
  const assignments = Object.entries(more).map(([name, value]) => `${name}='${value}' `)
  const words = args.map((arg) => (arg === recipient ? '$RECIPIENT' : /[\s"[]/.test(arg) ? `'${arg}'` : arg))
  say(`  $ ${assignments.join('').replaceAll(folder, '.')}sops ${words.join(' ')}`)
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...env, ...more },
  })
  return { status, stdout, stderr: stderr.toString() }
}

const read = (name) => readFileSync(join(folder, name))

function encryptAll() {
  title('encrypt: values change, everything else stays')
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content)
    const { status, stderr } = sops(['encrypt', '--in-place', '--age', recipient, name])
    check(status === 0 && !stderr, `${name} is encrypted${stderr && `: ${stderr.trim()}`}`)
    if (status === 0) excerpt(read(name).toString(), name === 'values.yaml' ? 14 : 6)
  }
}

function editOne() {
  title('edit: one changed value is a diff of one line, plus MAC and time')
  const [before, plain] = [read('values.yaml').toString(), files['values.yaml']]
  files['values.yaml'] = plain.replace('not-a-password', 'a-better-fake')
  writeFileSync(join(folder, 'edited.yaml'), files['values.yaml'])
  const { status, stderr } = sops(['edit', 'values.yaml'], { EDITOR: `cp ${join(folder, 'edited.yaml')}` })
  check(status === 0, `the edit is saved${stderr && `: ${stderr.trim()}`}`)
  const [old, now] = [before.split('\n'), read('values.yaml').toString().split('\n')]
  const changed = now.flatMap((line, at) => (line === old[at] ? [] : [[old[at] ?? '', line]]))
  for (const [from, to] of changed) say(`    ${paint(31, `- ${shorten(from)}`)}\n    ${paint(32, `+ ${shorten(to)}`)}`)
  const names = changed.map(([, line = '']) => line.trim().split(':')[0]).filter((name) => name !== 'lastmodified')
  check(
    now.length === old.length && names.join() === 'password,mac',
    'only `password`, `mac` and `lastmodified` differ',
  )
}

function decryptAll() {
  title('decrypt: byte for byte what was encrypted')
  for (const [name, content] of Object.entries(files)) {
    const { status, stdout, stderr } = sops(['decrypt', name])
    check(status === 0 && stdout.equals(Buffer.from(content)), `${name} is back${stderr && `: ${stderr.trim()}`}`)
  }
  const { stdout } = sops(['decrypt', '--extract', '["database"]["password"]', 'values.yaml'])
  check(stdout.toString() === 'a-better-fake', 'a single value comes out bare')
}

function tamper() {
  title('tamper: nothing comes out of a file that was changed by hand')
  const sealed = read('values.yaml').toString()
  const attacks = {
    'a flipped character in a value': sealed.replace(
      /(password: ENC\[AES256_GCM,data:)(.)/,
      (_, head, at) => head + (at === 'A' ? 'B' : 'A'),
    ),
    'a removed entry': sealed.replace(/\n {4}host:[^\n]*/, ''),
    'two values changed places': sealed.replace(/(replicas:.*?)(ENC\[[^\]]*\])(.*?)(ENC\[[^\]]*\])/, '$1$4$3$2'),
  }
  for (const [what, text] of Object.entries(attacks)) {
    writeFileSync(join(folder, 'tampered.yaml'), text)
    const { status, stdout, stderr } = sops(['decrypt', 'tampered.yaml'])
    check(text !== sealed && status !== 0 && stdout.length === 0, `${what} is refused with exit status ${status}`)
    excerpt(stderr, 2)
  }
  const stranger = sops(['decrypt', 'values.yaml'], { SOPS_AGE_KEY: '' })
  check(stranger.status === 128 && stranger.stdout.length === 0, 'without the key there is nothing to see')
}

try {
  if (!existsSync(join(root, 'dist/cli/main.cjs'))) throw new Error('dist/ is missing: run `npm run build` first')
  say(`a fresh age key, files in ${folder}`)
  encryptAll()
  editOne()
  decryptAll()
  tamper()
  say(`\n${failures === 0 ? 'everything as it should be' : `${failures} checks failed`}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1
