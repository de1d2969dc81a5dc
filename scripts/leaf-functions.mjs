// The functions of the loops over leaves, told to the executable's runtime (src/runtime/compiling.ts): those at the top level of the rooms that
// encrypting and decrypting walk through.
import { dirname, join, relative } from 'node:path'

const rooms = /^(?:cipher|file|formats|metadata|text|tree)\//

/** At the start of a line, where the formatter puts what is at the top level and nothing else. */
const declared = /^(?:export )?(?:(?:async )?function\*? (\w+)|const (\w+)(?::.*?)? =\s+(?:async )?(?:<.*?>)?\()/gm

/** The names of the functions, and of values in parentheses. */
export const namesOf = (text) => [...text.matchAll(declared)].map(([, first, second]) => first ?? second)

/** Gives a source of the checkout `root` with a line that names its functions. */
export function tellingFunctions(root) {
  const source = join(root, 'src')
  return (text, path) => {
    const file = relative(source, path).replaceAll('\\', '/')
    const names = rooms.test(file) ? namesOf(text) : []
    if (names.length === 0) return text
    const teller = relative(dirname(path), join(source, 'runtime/compiling.ts')).replaceAll('\\', '/')
    return `${text}
import { mayRunPerLeaf as __told } from '${teller}'
__told([${names.join(', ')}].filter((one) => typeof one === 'function'))
`
  }
}
