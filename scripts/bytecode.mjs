// Leaves V8's bytecode beside the chunks of a built program: runs the usual commands in a folder of its own, so that the functions they call
// are compiled, loads the other chunks, and keeps what was compiled. Usage: node scripts/bytecode.mjs dist/cli
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { json } from 'node:stream/consumers'
import program from '../bin/load.cjs'
import { isInstalled } from './installed.mjs'

const folder = resolve(process.argv[2])
const home = mkdtempSync(join(tmpdir(), 'sops-bytecode-'))
const { load, scripts } = program.chunkLoader(folder)

const files = {
  'a.yaml':
    '# note\nname: app\nport: 8080\nratio: 0.5\nlist:\n  - one\n  - "two"\ntext: |\n  lines\n  of text\nempty: ~\nflag: true\n',
  'a.json': '{\n  "name": "app",\n  "port": 8080,\n  "list": ["one", {"deep": true}]\n}\n',
  'a.env': '# note\nNAME=app\nURL="http://localhost"\n',
  'a.ini': '; note\n[db]\nname = app\nport = 5432\n',
  'a.bin': 'some bytes\n',
}

const { main, processHost } = load('./main.cjs')
const real = processHost()

async function run(words, more = {}) {
  const written = []
  const sink = { write: async (data) => void written.push(Buffer.from(data)), isTTY: false, columns: undefined }
  const env = { PATH: process.env.PATH, HOME: home, SOPS_AGE_KEY_FILE: join(home, 'keys.txt'), ...more }
  const status = await main(words, { ...real, env, home, cwd: home, stdout: sink, stderr: sink })
  const text = Buffer.concat(written).toString()
  if (status !== 0) throw new Error(`sops ${words.join(' ')} ended with ${status}: ${text}`)
  return text
}

/** Encrypts and decrypts with the post-quantum and the usual kind of age key. */
async function withAge() {
  for (const kind of [['--pq'], []]) {
    rmSync(join(home, 'keys.txt'), { force: true })
    const recipient = /age1\w+/.exec(await run(['keygen', ...kind, '--output', 'keys.txt']))[0]
    writeFileSync(join(home, '.sops.yaml'), `creation_rules:\n  - age: ${recipient}\n`)
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(home, name), text)
      await run(['encrypt', '-i', name])
      await run(['decrypt', name])
    }
  }
}

/** The same with a key in AWS, played by a service that gives back what it is sent. */
async function withAws() {
  const service = createServer(async (request, response) => {
    const { Plaintext, CiphertextBlob, KeyId } = await json(request)
    response.end(JSON.stringify({ KeyId, Plaintext: CiphertextBlob, CiphertextBlob: Plaintext }))
  })
  await new Promise((done) => service.listen(0, '127.0.0.1', done))
  const env = {
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${service.address().port}`,
  }
  writeFileSync(join(home, 'a.yaml'), files['a.yaml'])
  try {
    await run(['encrypt', '-i', '--kms', 'arn:aws:kms:us-east-1:1:key/a', 'a.yaml'], env)
    await run(['decrypt', 'a.yaml'], env)
  } finally {
    service.closeAllConnections()
    service.close()
  }
}

try {
  await withAge()
  if (isInstalled('@aws-sdk/client-kms')) await withAws()
  for (const name of readdirSync(folder)) if (name.endsWith('.cjs')) load(`./${name}`)
  const target = program.bytecodeFolder(folder)
  mkdirSync(target, { recursive: true })
  for (const [name, script] of scripts) writeFileSync(join(target, name), script.createCachedData())
} finally {
  rmSync(home, { recursive: true, force: true })
}
