// A configuration in the folder of a file, where SOPS goes by that of the working folder.
import { type Config, loadConfig, nearestConfig } from '../config/index.ts'
import { labelOf } from '../keys/index.ts'
import type { Invocation, Io } from './invocation.ts'
import { ruleFor } from './rule.ts'

/**
 * Warns where the configuration that is nearest to the file names other recipients for it: one of many files goes by that one, a single file by
 * the one of the working folder, as in SOPS.
 */
export async function warnOfNearer(
  inv: Invocation<never>,
  { ctx, many }: Pick<Io, 'ctx' | 'many'>,
  config: Config | undefined,
  path: string | undefined,
): Promise<void> {
  if (many || path === undefined || inv.root.string('config') !== '') return
  const file = await nearestConfig(path, ctx)
  // A file of that name is asked about itself.
  if (file === undefined || file.absolutePath === path || file.absolutePath === config?.file.absolutePath) return
  const nearer = await loadConfig(file, ctx).catch(() => undefined)
  if (nearer === undefined || (await recipientsIn(nearer, path, ctx)) === (await recipientsIn(config, path, ctx)))
    return
  const used = config === undefined ? 'no configuration' : config.file.path
  const message = `${file.path} is nearer to the file and names other recipients, but a single file goes by the working folder, which has ${used}: --config says which to use`
  ctx.log({ level: 'warning', logger: 'CONFIG', message })
}

/** Undefined where no rule is for the path. */
async function recipientsIn(config: Config | undefined, path: string, ctx: Io['ctx']): Promise<string | undefined> {
  const rule = await ruleFor(config, path, ctx).catch(() => undefined)
  return rule && JSON.stringify([rule.shamirThreshold, rule.keyGroups.map(({ keys }) => keys.map(labelOf).sort())])
}
