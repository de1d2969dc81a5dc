// What a runner of GitHub Actions does with a line of a job's output.

interface WorkflowCommand {
  readonly command: string
  readonly properties: Readonly<Record<string, string>>
  readonly message: string
}

const known = ['error', 'warning', 'notice', 'debug', 'group', 'endgroup', 'add-mask', 'add-matcher', 'set-output']

/** In this order: the percent sign comes last, so that an escape of an escape is undone once. */
const escapes = { '\r': '%0D', '\n': '%0A', ':': '%3A', ',': '%2C', '%': '%25' }

function unescaped(text: string, characters: readonly string[]): string {
  let result = text
  for (const [character, code] of Object.entries(escapes))
    if (characters.includes(character)) result = result.replaceAll(code, character)
  return result
}

/** Undefined for a line that is only shown. */
export function workflowCommand(line: string): WorkflowCommand | undefined {
  const [, words = '', data = ''] = /^\s*::(.*?)::(.*)$/s.exec(line) ?? []
  const [, command = '', list = ''] = /^([^ ]*) ?(.*)$/s.exec(words)!
  if (known.includes(command)) {
    const pairs = list.split(',').map((pair) => /^(.*?)=(.*)$/s.exec(pair.trim())?.slice(1) ?? [])
    const properties = pairs.map(([name = '', value = '']) => [name, unescaped(value, Object.keys(escapes))])
    return { command, properties: Object.fromEntries(properties), message: unescaped(data, ['\r', '\n', '%']) }
  }
  const [, older = '', message = ''] = /##\[([^\] ]*)[^\]]*\](.*)/s.exec(line) ?? []
  return known.includes(older) ? { command: older, properties: {}, message } : undefined
}

/** The commands in the output of a job: those between `stop-commands` and its word are only shown. */
export function workflowCommands(output: string): readonly WorkflowCommand[] {
  const found: WorkflowCommand[] = []
  let end: string | undefined
  for (const line of output.split(/\r\n|[\r\n]/)) {
    const stop = /^\s*::stop-commands::(.*)$/.exec(line)?.[1]
    if (end !== undefined) {
      if (line.trim() === `::${end}::`) end = undefined
    } else if (stop !== undefined) end = stop
    else {
      const command = workflowCommand(line)
      if (command) found.push(command)
    }
  }
  return found
}
