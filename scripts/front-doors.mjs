// Front doors (src/ROOM/index.ts) are for readers. A bundle takes what it needs from the files behind them.
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const statements = /^(import|export) \{([^}]*)\} from '([^']+\/\w+\/index\.ts)'$/gm

/** `a`, `b as c` and `type D` of a list in braces, as [name there, name here], without the types. */
const namesIn = (list) =>
  list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && !item.startsWith('type '))
    .map((item) => item.split(' as '))
    .map(([there, here = there]) => [there, here])

/** Where the names of a front door come from: name -> [file, name there]. */
function namesBehind(door) {
  const lists = readFileSync(door, 'utf8').matchAll(/^export \{([^}]*)\} from '([^']+)'$/gm)
  return new Map(
    [...lists].flatMap(([, list = '', file = '']) =>
      namesIn(list).map(([there, here]) => [here, [resolve(dirname(door), file), there]]),
    ),
  )
}

/**
 * Gives a source of the checkout `root` with its imports from front doors replaced by imports from the files behind them: esbuild would
 * take a door as a need of all that it names.
 */
export function pastFrontDoors(root) {
  const doors = new Map()
  const behind = (door) => {
    if (!doors.has(door)) doors.set(door, namesBehind(door))
    return doors.get(door)
  }
  return (text, path) =>
    text.replace(statements, (statement, verb, list, specifier) => {
      const door = resolve(dirname(path), specifier)
      if (dirname(dirname(door)) !== join(root, 'src')) return statement
      return namesIn(list)
        .map(([there, here]) => {
          const [file, name] = behind(door).get(there)
          const from = `./${relative(dirname(path), file).replaceAll('\\', '/')}`
          return `${verb} { ${name} as ${here} } from '${from}'`
        })
        .join(';')
    })
}
