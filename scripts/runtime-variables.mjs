// Variables that the runtime inside the executable would obey before the program gets to run: they are taken out of it.

/** Each with what it does, in an executable too. */
export const obeyed = Object.freeze([
  // Makes it the runtime itself, which runs any script.
  'BUN_BE_BUN',
  // Words for it, such as a module to load first.
  'BUN_OPTIONS',
  // A debugger, which reads and changes everything.
  'BUN_INSPECT',
  'BUN_INSPECT_CONNECT_TO',
  'BUN_INSPECT_PRELOAD',
  // Prints requests with their headers: tokens.
  'BUN_CONFIG_VERBOSE_FETCH',
  // Each names a file that is written.
  'BUN_BYTECODE_DIGEST_OUT',
  'BUN_BYTECODE_ORDER_NAMES_OUT',
  'BUN_BYTECODE_ORDER_OUT',
  // Whether a crash is reported to somebody, and to whom.
  'BUN_CRASH_REPORT_URL',
  'BUN_ENABLE_CRASH_REPORTING',
])

/**
 * The runtime with the names of these variables made empty, which no variable's is. Only the first byte changes: what the linker lets another
 * text share is the end of a name.
 * @param {Uint8Array} runtime
 * @throws Error when a name is not there: another version asks for it in another way
 */
export function withoutVariables(runtime) {
  const bytes = Buffer.from(runtime)
  for (const name of obeyed) {
    const text = Buffer.from(`${name}\0`, 'latin1')
    let found = false
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      if (at > 0 && /\w/.test(String.fromCharCode(bytes[at - 1] ?? 0))) continue
      bytes[at] = 0
      found = true
    }
    if (!found) throw new Error(`the runtime does not name ${name}: see whether it obeys it still`)
  }
  return bytes
}
