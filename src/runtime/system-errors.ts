// The texts of the system's errors: which call failed.

/** True for the call that starts a program: `spawn`, `spawnSync`, or `spawn /x` with the program's name, and `posix_spawn` elsewhere. */
export const isStart = (call: string): boolean => /^(?:posix_)?spawn/.test(call)
