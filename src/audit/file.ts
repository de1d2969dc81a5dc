// Audit records in a file: one JSON object per line, appended.
import { open } from '../system/index.ts'

/**
 * Appends a line and waits until it is on disk. Creates the file, readable by its owner only, if it does not exist.
 * @throws the system's error.
 */
export async function appendRecord(path: string, record: object): Promise<void> {
  const line = Buffer.from(`${JSON.stringify(record)}\n`)
  const file = await open(path, 'a', 0o600)
  try {
    // One write, so that lines of concurrent programs do not interleave.
    const { bytesWritten } = await file.write(line)
    if (bytesWritten !== line.length) throw new Error(`${path}: written in part only`)
    await file.datasync().catch((error: NodeJS.ErrnoException) => {
      // Pipes and devices have nothing to flush.
      if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error
    })
  } finally {
    await file.close()
  }
}
