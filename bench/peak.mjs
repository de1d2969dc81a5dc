// Preloaded into a measured process: writes its peak memory (KB) and processor time (microseconds) to BENCH_PEAK_FILE when it ends.
import { writeFileSync } from 'node:fs'

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  writeFileSync(process.env.BENCH_PEAK_FILE, `${maxRSS} ${userCPUTime + systemCPUTime}`)
})
