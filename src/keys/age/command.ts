// Runs the command that prints a key.
import type { Context } from '../../context.ts'
import { splitWords } from '../../core/words.ts'

/** More output than this is not a key. */
const MAXIMUM_OUTPUT = 16 * 1024 * 1024

/**
 * What the command prints; it gets SOPS_AGE_RECIPIENT, no input, and no place for its errors (spec/keys.md 3.3).
 * @throws Error with the reference's message
 */
export async function runKeyCommand(command: string, recipient: string, ctx: Context): Promise<Buffer> {
  const words = splitWords(command)
  if (!words) throw new Error(`failed to parse command ${command}: EOF found when expecting closing quote`)
  const [program, ...args] = words
  if (!program) throw new Error(`failed to parse command ${command}: no command given`)
  const { start } = await import('../../system/start.ts')
  const env = { ...ctx.env, SOPS_AGE_RECIPIENT: recipient }
  return new Promise((done, failed) => {
    const fail = (cause: string): void => failed(new Error(`failed to execute command ${command}: ${cause}`))
    const child = start(program, args, { cwd: ctx.cwd, env, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true })
    const chunks: Buffer[] = []
    let size = 0
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAXIMUM_OUTPUT) child.kill()
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT' && !program.includes('/')
      fail(missing ? `exec: "${program}": executable file not found in $PATH` : `${program}: ${error.code}`)
    })
    child.on('close', (code, signal) => {
      const output = Buffer.concat(chunks)
      for (const chunk of chunks) chunk.fill(0)
      if (code === 0) return done(output)
      output.fill(0)
      fail(signal ? `signal: ${signal}` : `exit status ${code}`)
    })
  })
}
