// Runs in a process whose heap is limited: opens and seals inputs that are made to need much memory. Arguments: SCALE NAME…
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkConfig,
  decryptToObject,
  type FormatId,
  loadConfig,
  loadFormat,
  matchCreationRule,
  SopsError,
} from '../../src/index.ts'
import { fakeContext } from '../support/context.ts'
import { memoryInputs } from './memory-inputs.ts'
import { common, orReported, reseal, seal, unseal } from './sealed.ts'

async function configure(text: string): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'sops-memory-'))
  try {
    const path = join(cwd, '.sops.yaml')
    writeFileSync(path, text)
    const ctx = fakeContext({ cwd })
    await orReported(async () => {
      const config = await loadConfig({ path, absolutePath: path }, ctx)
      checkConfig(config)
      await matchCreationRule(config, join(cwd, 'x'), ctx)
    })
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

async function journey(format: FormatId, text: string, isDeep: boolean): Promise<void> {
  const { parse, print } = await loadFormat(format)
  const sealed = await orReported(() => seal(text, { format }))
  if (sealed instanceof SopsError) {
    // What cannot be encrypted can still be what somebody asks to decrypt.
    await orReported(() => unseal(text, format))
    return
  }
  const opened = await unseal(sealed, format)
  await reseal(sealed, opened, format)
  // A fresh layout of what is nested deep is nothing but indentation, which grows with the square of the depth.
  if (!isDeep) await orReported(() => print(parse(opened).tree))
  await decryptToObject(sealed, { format, ...common })
}

const [scale = '1', ...names] = process.argv.slice(2)
for (const { name, format, text } of memoryInputs(Number(scale))) {
  if (!names.includes(name)) continue
  const input = text()
  await (format === 'config' ? configure(input) : journey(format, input, name.includes('deep')))
  process.stdout.write(`${name}\n`)
}
