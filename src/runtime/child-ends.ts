// How child processes ended.

/**
 * Where this process was started with SIGCHLD ignored, the system forgets how a child ended, and a runtime without a handler of its own takes
 * that for a failure. Node has one; elsewhere a listener makes one. Children start with the default in either case.
 */
export function keepEndsOfChildren(program: Pick<NodeJS.Process, 'on'>): void {
  program.on('SIGCHLD', () => {})
}
