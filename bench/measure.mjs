// Whole-process timings, taken in turns so that a busy moment of the machine falls on all of them alike.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const peakProbe = fileURLToPath(new URL('peak.mjs', import.meta.url))

/** Only what the program needs: things like NODE_EXTRA_CA_CERTS or NODE_OPTIONS slow every start of Node down. */
export const cleanEnv = (home, more = {}) => ({
  PATH: process.env.PATH,
  HOME: home,
  TMPDIR: home,
  LANG: 'C.UTF-8',
  ...more,
})

/**
 * Starts a program and waits for its end. Output goes to a file, so that nobody has to keep pace with a pipe.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env: any, name?: string }} options `name` is for the error when the program fails
 * @returns {Promise<number>} milliseconds of wall time
 */
export function timed(program, args, { cwd, env, name = args.join(' ') }) {
  const out = openSync(join(cwd, 'out.tmp'), 'w')
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', out, 'pipe'] })
    const errors = []
    child.stderr?.on('data', (chunk) => errors.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      closeSync(out)
      if (code !== 0) return reject(new Error(`${name}: exit status ${code}\n${Buffer.concat(errors)}`))
      resolve(ms)
    })
  })
}

/**
 * One run.
 * @returns {Promise<{ ms: number, peak?: number, cpu?: number }>} wall time; where `usage` asks for it peak memory in MB and processor time
 */
async function run({ args, env, cwd }, usage) {
  if (!usage) return { ms: await timed(process.execPath, args, { cwd, env }) }
  const peakFile = join(cwd, 'peak.txt')
  const measured = { cwd, env: { ...env, BENCH_PEAK_FILE: peakFile }, name: args.join(' ') }
  const ms = await timed(process.execPath, ['--import', peakProbe, ...args], measured)
  const [peak = 0, cpu = 0] = readFileSync(peakFile, 'utf8').split(' ').map(Number)
  rmSync(peakFile)
  return { ms, peak: peak / 1024, cpu: cpu / 1000 }
}

/**
 * Runs every job `rounds` times in turns, after one warm-up round: what is busy meanwhile falls on all alike.
 * @returns {Promise<Map<string, any[]>>} what `run` gave for each job, by its name
 */
export async function inTurns(jobs, rounds, run) {
  const runs = new Map(jobs.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const job of jobs) {
      const result = await run(job)
      if (round > 0) runs.get(job.name).push(result)
    }
  }
  return runs
}

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** @returns {Promise<Map<string, { ms: number, min: number, peak?: number, cpu?: number }>>} medians by name */
export async function measure(jobs, rounds, usage = false) {
  const runs = await inTurns(jobs, rounds, (job) => run(job, usage))
  return new Map(
    [...runs].map(([name, list]) => {
      const all = (key) => list.map((result) => result[key])
      const used = usage ? { peak: median(all('peak')), cpu: median(all('cpu')) } : {}
      return [name, { ms: median(all('ms')), min: Math.min(...all('ms')), ...used }]
    }),
  )
}
