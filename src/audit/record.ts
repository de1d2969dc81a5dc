// Records one event in every place that the configuration names (spec/cli.md 17, spec/keys.md 13).
import type { AuditEvent, Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { shown } from '../system/index.ts'
import { readAuditConfig } from './config.ts'
import { appendRecord } from './file.ts'

interface RecordOptions extends Pick<Context, 'env' | 'cwd' | 'home' | 'log' | 'platform' | 'once'> {
  /** Path of the configuration. */
  readonly config: string
  readonly command: string
  readonly user: string
  readonly now: Date
}

/**
 * Returns when every place has confirmed the event. Databases get only what the reference records; failed decryptions go to files alone.
 * @throws SopsError `generic` when the configuration is bad or any place fails.
 */
export async function recordEvent(event: AuditEvent, options: RecordOptions): Promise<void> {
  const backends = await readAuditConfig(options.config, options.log)
  if (!backends) return
  const { command, user, now } = options
  const file = shown(event.file)
  const isDone = event.action !== 'decrypt' || event.success
  if (isDone && backends.postgres.length > 0) {
    const { insertEvents } = await import('./postgres.ts')
    await insertEvents(backends.postgres, { action: event.action, username: user, file }, options)
  }
  for (const { path } of backends.file) {
    try {
      await appendRecord(path, { time: now.toISOString(), user, command, ...event, file })
    } catch (error) {
      throw new SopsError('generic', `Failed to insert audit record: ${messageOf(error)}`, { cause: error })
    }
  }
}
