// Who is told of programs that may use the terminal while they run.
import type { ChildProcess } from 'node:child_process'

/** Called before a program starts; what it returns, when the program has ended. */
type Watcher = () => () => void

const watchers = new Set<Watcher>()

/** Returns how to stop it. */
export function onProgram(watcher: Watcher): () => void {
  watchers.add(watcher)
  return () => {
    watchers.delete(watcher)
  }
}

/** Starts a program between the calls of all watchers. */
export function watched<T extends ChildProcess>(start: () => T): T {
  const ends = [...watchers].map((watcher) => watcher())
  const end = (): void => {
    for (const one of ends.splice(0)) one()
  }
  try {
    return start().once('exit', end).once('error', end)
  } catch (error) {
    end()
    throw error
  }
}
