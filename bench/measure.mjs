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
 * One run. Output goes to a file, so that nobody has to keep pace with a pipe.
 * @returns {Promise<{ ms: number, peak?: number, cpu?: number }>} wall time; where `usage` asks for it peak memory in MB and processor time
 */
function run({ args, env, cwd }, usage) {
  const peakFile = join(cwd, 'peak.txt')
  const out = openSync(join(cwd, 'out.tmp'), 'w')
  const nodeArgs = usage ? ['--import', peakProbe, ...args] : args
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const child = spawn(process.execPath, nodeArgs, {
      cwd,
      env: usage ? { ...env, BENCH_PEAK_FILE: peakFile } : env,
      stdio: ['ignore', out, 'pipe'],
    })
    const errors = []
    child.stderr?.on('data', (chunk) => errors.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      closeSync(out)
      if (code !== 0) return reject(new Error(`${args.join(' ')}: exit status ${code}\n${Buffer.concat(errors)}`))
      if (!usage) return resolve({ ms })
      const [peak = 0, cpu = 0] = readFileSync(peakFile, 'utf8').split(' ').map(Number)
      rmSync(peakFile)
      resolve({ ms, peak: peak / 1024, cpu: cpu / 1000 })
    })
  })
}

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Runs every job `rounds` times in turns, after one warm-up round.
 * @returns {Promise<Map<string, { ms: number, min: number, peak?: number, cpu?: number }>>} medians by name
 */
export async function measure(jobs, rounds, usage = false) {
  const runs = new Map(jobs.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const job of jobs) {
      const result = await run(job, usage)
      if (round > 0) runs.get(job.name).push(result)
    }
  }
  return new Map(
    [...runs].map(([name, list]) => {
      const all = (key) => list.map((result) => result[key])
      const used = usage ? { peak: median(all('peak')), cpu: median(all('cpu')) } : {}
      return [name, { ms: median(all('ms')), min: Math.min(...all('ms')), ...used }]
    }),
  )
}
