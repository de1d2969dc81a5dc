// Front door: YAML, JSON, .env, INI and binary, by name or by what a text looks like.
export { sniffFormat } from './detect.ts'
export { formatIds, formatOfPath, isFormatId, loadFormat, parseJsonValue } from './table.ts'
export type { ReadingShare } from './ticks.ts'
export type {
  Format,
  FormatId,
  FormatParseOptions,
  Layout,
  Losses,
  Parsed,
  PassedOver,
  Reading,
  Reprint,
  Respelling,
  Respelt,
  Rewritten,
} from './types.ts'
export { compose as composeYaml } from './yaml/parse/compose.ts'
export {
  contentText as yamlContentText,
  type YCollection,
  type YMap,
  type YNode,
  type YScalar,
} from './yaml/parse/nodes.ts'
export { scan as scanYaml } from './yaml/parse/scan.ts'
export { decode as decodeYaml } from './yaml/parse/text.ts'
export { resolveScalar as resolveYamlScalar } from './yaml/scalar/resolve.ts'
