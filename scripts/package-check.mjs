// Packs the executable twice and looks at what came out: npm run test:package [-- PLATFORM…]
//
// It needs the toolchain, so that the first run needs the network; npm test does not run it. Without platforms it looks at the one for this machine.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { thisPlatform } from './toolchain.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const platforms = process.argv.length > 2 ? process.argv.slice(2) : [thisPlatform()]
const work = mkdtempSync(join(tmpdir(), 'sops-package-check-'))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

let failures = 0
function check(fine, what) {
  console.log(`${fine ? 'ok  ' : 'FAIL'} ${what}`)
  if (!fine) failures++
}

/** Packs in the folder `name`, from the checkout `from`, in another environment each time; returns the files. */
function pack(name, from, env) {
  const place = join(work, name)
  mkdirSync(join(place, 'tmp'), { recursive: true })
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(from, 'scripts/package.mjs'), '--out', join(place, 'out'), ...platforms],
    { cwd: place, env: { ...process.env, TMPDIR: join(place, 'tmp'), ...env }, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`packing failed: ${stderr}`)
  const out = join(place, 'out/packages')
  return new Map(readdirSync(out).map((file) => [file, join(out, file)]))
}

/** The checkout in another folder. */
function copyOfCheckout() {
  const copy = join(work, 'another checkout')
  mkdirSync(copy)
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  const files = stdout
    .toString()
    .split('\0')
    .filter((file) => /^(scripts|src|bin)\/|^[^/]+$/.test(file) && file !== '')
  for (const file of files) {
    mkdirSync(join(copy, file, '..'), { recursive: true })
    writeFileSync(join(copy, file), readFileSync(join(root, file)))
  }
  // Not a link: esbuild would name the packages by where it leads.
  cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  return copy
}

function compare(first, second) {
  for (const [file, path] of first) {
    const [one, other] = [readFileSync(path), readFileSync(second.get(file) ?? '/dev/null')]
    const at = one.findIndex((byte, i) => byte !== other[i])
    const difference = one.equals(other) ? sha256(one) : `they differ from byte ${at} on`
    check(one.equals(other), `${file} is the same from two folders: ${difference}`)
  }
}

function lookInto(files) {
  const sums = readFileSync(files.get('SHA256SUMS'), 'utf8')
  for (const platform of platforms) {
    const [file] = [...files.keys()].filter((name) => name.replace(/\.exe$/, '') === `sops-${platform}`)
    const bytes = readFileSync(files.get(file))
    const bill = JSON.parse(readFileSync(files.get(`sops-${platform}.cdx.json`), 'utf8'))
    check(sums.includes(`${sha256(bytes)}  ${file}\n`), `${file} is in SHA256SUMS`)
    check(bill.metadata.component.hashes[0].content === sha256(bytes), `the bill of materials is that of ${file}`)
    check(!bytes.includes(work) && !bytes.includes(root), `${file} names no folder of this machine`)
    if (platform === thisPlatform()) start(files.get(file))
    else console.log(`not started: ${file} (this machine is ${thisPlatform()})`)
  }
}

/** A folder without anything, so that what it needs is in it. */
function start(file) {
  const place = join(work, 'start')
  mkdirSync(place)
  const key = readFileSync(join(root, 'fixtures/conformance/keys/one.age'), 'utf8')
  const env = { PATH: '', HOME: place, SOPS_AGE_KEY: key }
  const sops = (...words) => spawnSync(file, words, { cwd: place, env, maxBuffer: 2 ** 26 })
  const text = 'password: fake # note\nport: 1\n'
  writeFileSync(join(place, 'plain.yaml'), text)
  const sealed = sops('encrypt', '--age', /age1\w+/.exec(key)?.[0], 'plain.yaml')
  writeFileSync(join(place, 'sealed.yaml'), sealed.stdout)
  const opened = sops('decrypt', 'sealed.yaml')
  check(
    sealed.status === 0 && opened.stdout.toString() === text,
    `it encrypts and decrypts ${sealed.stderr}${opened.stderr}`,
  )
  const licences = sops('--licenses').stdout.toString()
  check(/JavaScriptCore.*LGPL/.test(licences) && licences.includes('@noble/ciphers'), 'it prints the licences')
}

try {
  const first = pack('first', root, { TZ: 'UTC' })
  compare(first, pack('second, further down', copyOfCheckout(), { TZ: 'Asia/Tokyo', LANG: 'C', NODE_ENV: 'test' }))
  lookInto(first)
} finally {
  rmSync(work, { recursive: true, force: true })
}
console.log(failures === 0 ? 'everything as it should be' : `${failures} checks failed`)
process.exitCode = failures === 0 ? 0 : 1
