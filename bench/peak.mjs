// Preloaded into a measured process: writes its peak memory (KB) and processor time (microseconds) to BENCH_PEAK_FILE when it ends.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const status = '/proc/self/status'

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  // Linux counts the memory of the process that started this one into maxRSS.
  const peak = existsSync(status) ? /^VmHWM:\s*(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1] : maxRSS
  writeFileSync(process.env.BENCH_PEAK_FILE ?? 'peak.txt', `${peak} ${userCPUTime + systemCPUTime}`)
})
