// The world as a command sees it.
import type { Context } from '../context/index.ts'
import { memory } from '../context/index.ts'
import { makeAudit } from './audit.ts'
import type { Subject } from './form.ts'
import type { Host } from './host.ts'
import type { Io, ResultPlace } from './invocation.ts'
import { adviceWish, makeHeldLog, makeLog } from './log.ts'
import { makeProgress } from './progress.ts'
import { reportError } from './report.ts'
import { say, sayLines, withoutSecretLines } from './say.ts'
import { stdoutStyle } from './style.ts'

function showsOutcome({ env, stderr, stdout }: Host, to: ResultPlace): boolean {
  if (!stderr.isTTY || adviceWish(env) === false) return false
  return to === 'file' || (to === 'stdout' && !stdout.isTTY && !stdout.isPipe)
}

/** For one run; `verbose` shows details. */
export function makeIo(outside: Host, verbose: boolean, command = 'sops'): Io {
  const subject: Subject = { file: undefined }
  const { host, watch, within, finish, pause } = makeProgress(outside, subject)
  const once = memory()
  const told = new Set<string>()
  const ioOf = (about: Subject): Io => {
    const { log, hold, release } = makeHeldLog(host, makeLog(host, verbose, about, told))
    const ctx: Context = {
      env: host.env,
      cwd: host.cwd,
      home: host.home,
      platform: host.platform,
      uid: host.uid,
      now: host.now,
      log,
      watch,
      prompt: host.prompt,
      audit: makeAudit(host, command, { log, once }),
      once,
    }
    return {
      host,
      command,
      ctx,
      isVerbose: verbose,
      style: stdoutStyle(host),
      out: (data) => host.stdout.write(data),
      write: async (path, content, options) => (await import('./files.ts')).writeOutput(host, path, content, options),
      say: (...lines) => say(host.stdout, ...lines),
      tell: (...lines) => say(host.stderr, ...lines),
      of: (file) => {
        const io = ioOf({ file })
        io.hold()
        return { ...io, done: async () => {} }
      },
      hold,
      release,
      about: (file) => {
        about.file = file
      },
      done: async (text, to = 'file') => {
        finish()
        if (showsOutcome(host, to)) await sayLines(host.stderr, withoutSecretLines([text], host.env))
      },
      within,
      pause,
      fail: (error) => reportError(error, host, about.file),
    }
  }
  return ioOf(subject)
}
