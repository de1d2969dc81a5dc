// `--licenses`: the text that the build puts beside the program, or into the executable.
import { fileURLToPath } from 'node:url'
import { readFileSync } from '../system/index.ts'
import type { Host } from './host.ts'

export async function showLicences(host: Host): Promise<number> {
  await host.stdout.write(readFileSync(fileURLToPath(new URL('LICENSES.txt', import.meta.url))))
  return 0
}
