// Plans the chunks of the program: what every run evaluates goes into one of them.

/** With the entry, sources that encrypting and decrypting always evaluate: what these reach by static imports. */
const commands = ['src/cli/commands/decrypt.ts', 'src/cli/commands/encrypt.ts']

/** A few hundred bytes each, which every parser or the identities of age load: a chunk of its own would cost more than the text. */
const small = ['src/text/encoding.ts', 'src/text/words.ts', 'src/system/programs.ts']

function closure({ inputs }, roots) {
  const found = new Set([...roots, ...small])
  for (const file of found) {
    for (const { path, kind, external } of inputs[file].imports)
      if (kind === 'import-statement' && !external) found.add(path)
  }
  return [...found]
}

const dynamicEntries = ({ inputs }) =>
  new Set(
    Object.values(inputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, kind }) => (kind === 'dynamic-import' ? [path] : [])),
    ),
  )

/**
 * esbuild makes a chunk of every set of entries that share a file: some forty for one run, and each costs Node a third of a millisecond.
 * When every entry is said to need all the common files, they share one set and so one chunk. `entry` is where the program starts, `metafile`
 * that of a build without this plugin, `sourceOf` reads a source.
 */
export function commonChunk(root, entry, metafile, sourceOf) {
  const roots = [entry, ...commands]
  const common = closure(metafile, roots).filter((file) => !roots.includes(file))
  const entries = dynamicEntries(metafile)
  return {
    name: 'common-chunk',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^common:$/ }, () => ({ path: 'common', namespace: 'common', sideEffects: true }))
      onLoad({ filter: /./, namespace: 'common' }, () => ({
        contents: common.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n'),
        resolveDir: root,
      }))
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const file = path.slice(root.length + 1).replaceAll('\\', '/')
        const more = file === entry || entries.has(file) ? "\nimport 'common:'\n" : ''
        return { contents: sourceOf(path) + more, loader: 'ts' }
      })
    },
  }
}
