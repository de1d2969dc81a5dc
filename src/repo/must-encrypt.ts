// Whether a file that is not encrypted ought to be. A rule's path alone says little, since many rules are for every file: so the rule must be
// one for some files, and the content have something that it encrypts.
import { posix } from 'node:path'
import { compileRegex, compileSelection, isEmpty, orDefault, type Selection, walk } from '../cipher/index.ts'
import { type Config, type RuleOfFile, ruleFinder } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { type FormatId, formatOfPath, loadFormat } from '../formats/index.ts'
import type { MapNode, Tree } from '../tree/tree.ts'
import { looksEncrypted } from './candidates.ts'
import { filesFitting } from './fitting.ts'
import { compileGlob } from './glob.ts'

/** Files that no rule for secrets means. */
const probes = ['README.md', 'src/index.js', 'package.json', '.gitignore', '.sops.yaml']

/** Names of files that are plain whatever a rule says. */
const plain = [
  '{README,LICENSE}*',
  '*.{md,pub,example,j2,tmpl}',
  '.git{keep,ignore,attributes}',
  '.sops.yaml',
  'kustomization.yaml',
].map(compileGlob)

/** `unreadable`: a rule is for the file, and its text does not parse, so nobody can say what is in it. */
export type Need = boolean | 'unreadable'

/** True for a rule that is for some files: one whose `path_regex` fits none of the usual plain ones. */
export async function isSelective({ pathRegex }: Pick<RuleOfFile, 'pathRegex'>): Promise<boolean> {
  if (!pathRegex) return false
  const test = await compileRegex(pathRegex, 'path_regex')
  return !probes.some(test)
}

/** What `x-sops-ts.check` says of files. */
interface Wishes {
  readonly requires: (path: string) => boolean
  readonly excludes: (path: string) => boolean
  readonly kinds: ReadonlySet<string>
}

function wishesOf(config: Config, ctx: Context): Wishes {
  const { check } = config.own
  return {
    requires: filesFitting(check?.require ?? [], config, ctx),
    excludes: filesFitting(check?.exclude ?? [], config, ctx),
    kinds: new Set(['Secret', ...(check?.kinds ?? [])]),
  }
}

/** Answers for many files under one configuration. Paths are absolute. */
export interface Needs {
  /** The selective rule for a path that is not plain by its name: without one the content does not matter. */
  rule(path: string): Promise<RuleOfFile | undefined>
  /** Whether the content of a file under that rule must be encrypted, and is not. */
  has(bytes: Uint8Array, path: string, rule: RuleOfFile): Promise<Need>
}

/** @throws SopsError `generic` for a rule on the way whose expressions or settings are not valid: it cannot tell what is secret. */
export function needsUnder(config: Config, ctx: Context): Needs {
  const find = ruleFinder(config, ctx)
  const selective = new Map<string | undefined, Promise<boolean>>()
  const selections = new Map<string, Promise<Selection>>()
  const { requires, excludes, kinds } = wishesOf(config, ctx)
  return {
    rule: async (path) => {
      const name = posix.basename(ctx.platform === 'win32' ? path.replaceAll('\\', '/') : path)
      if (excludes(path)) return undefined
      const isRequired = requires(path)
      if (!isRequired && plain.some((fits) => fits(name))) return undefined
      const rule = await find(path)
      if (rule === undefined || isRequired) return rule
      const known = selective.get(rule.pathRegex) ?? isSelective(rule)
      selective.set(rule.pathRegex, known)
      return (await known) ? rule : undefined
    },
    has: async (bytes, path, rule) => {
      if (looksEncrypted(bytes)) return false
      const known = selections.get(rule.name) ?? selectionOf(rule)
      selections.set(rule.name, known)
      return holdsSelected(bytes, path, await known, kinds)
    },
  }
}

/**
 * True for a file that must be encrypted and is not: the first rule that matches its absolute path is selective and selects one of its values
 * that is not empty, and it is neither a Kubernetes object of another kind than Secret, nor plain by its name; `x-sops-ts.check` says otherwise
 * for some.
 * @throws SopsError `generic` for rules whose expressions or settings are not valid.
 */
export async function mustBeEncrypted(
  bytes: Uint8Array,
  path: string,
  config: Config | undefined,
  ctx: Context,
): Promise<Need> {
  if (config === undefined) return false
  const needs = needsUnder(config, ctx)
  const rule = await needs.rule(path)
  return rule === undefined ? false : needs.has(bytes, path, rule)
}

async function selectionOf(rule: RuleOfFile): Promise<Selection> {
  const selection = await compileSelection(orDefault(rule.selection))
  if (selection.invalid === undefined) return selection
  throw new SopsError('generic', `${rule.name}: its expression is not valid: ${selection.invalid}`, {
    hints: ['nobody can tell what it encrypts: mend the expression'],
  })
}

async function holdsSelected(
  bytes: Uint8Array,
  path: string,
  selection: Selection,
  kinds: ReadonlySet<string>,
): Promise<Need> {
  const id = formatOfPath(path)
  if (id === 'binary') return bytes.length > 0
  if (isBlank(bytes, id)) return false
  try {
    const { tree } = (await loadFormat(id)).parse(bytes)
    return selects({ documents: tree.documents.filter((document) => !isOtherObject(document, kinds)) }, selection)
  } catch (error) {
    if (error instanceof SopsError) return 'unreadable'
    throw error
  }
}

/** True for a text of blanks and comments alone, which is no document in YAML and JSON; there is no need to tell of it. */
const isBlank = (bytes: Uint8Array, id: FormatId): boolean =>
  (id === 'yaml' || id === 'json') &&
  Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .every((line) => /^\s*$/.test(line) || (id === 'yaml' && /^\s*#/.test(line)))

function selects(tree: Tree, selection: Selection): boolean {
  let found = false
  walk(
    tree,
    selection,
    {
      leaf(leaf, _aad, selected) {
        found ||= selected && !isEmpty(leaf.value)
        return leaf
      },
      comment: (comment) => comment,
    },
    [],
  )
  return found
}

/** A Kubernetes object of another kind than these: rules for a folder of manifests mean the secrets in it. */
function isOtherObject(document: MapNode, kinds: ReadonlySet<string>): boolean {
  const textAt = (key: string): string | undefined => {
    const entry = document.items.find((item) => item.kind === 'entry' && item.key === key)
    const value = entry?.kind === 'entry' && entry.value.kind === 'leaf' ? entry.value.value : undefined
    return typeof value === 'string' ? value : undefined
  }
  const kind = textAt('kind')
  return textAt('apiVersion') !== undefined && kind !== undefined && !kinds.has(kind)
}
