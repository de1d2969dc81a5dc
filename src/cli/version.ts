// `--version`: one line; uses the network only on request (spec/cli.md 16).
import { memory } from '../context/index.ts'
import { messageOf } from '../errors.ts'
import { compareVersions, compatibleVersion } from '../metadata/index.ts'
import type { SharedRootFlag } from './flags.ts'
import type { Host } from './host.ts'
import type { FlagValues } from './invocation.ts'
import { say, sayPart } from './say.ts'

const page = 'https://github.com/getsops/sops/releases/latest'
const timeout = 3000

interface Release {
  readonly tag: string
  readonly url: string
}

/** The newest release of the reference, to which the page `latest` redirects. */
async function latestRelease({ env, cwd, platform }: Host): Promise<Release> {
  const { deadlineIn, proxyFor, send } = await import('../net/index.ts')
  const at = new URL(page)
  const ctx = { env, cwd, platform, once: memory() }
  const response = await send({ ctx, method: 'HEAD', url: at, proxy: proxyFor(at, env) }, deadlineIn(timeout))
  const url = response.headers.location ?? ''
  const tag = url.split('/releases/tag/')[1]
  if (!tag) throw new Error(`no release in the answer of ${page} (status ${response.status})`)
  return { tag, url }
}

/** What follows the own version: the rest of its line, and another line. */
async function comparison(host: Host): Promise<string> {
  let release: Release
  try {
    release = await latestRelease(host)
  } catch (error) {
    return `\n[warning] failed to retrieve latest version from upstream: ${messageOf(error)}`
  }
  try {
    if (compareVersions(release.tag.replace(/^v/, ''), compatibleVersion) <= 0) return ' (latest)'
  } catch (error) {
    return `\n[warning] failed to compare current version with latest: ${messageOf(error)}`
  }
  return `\n[info] a new version of sops (${release.tag}) is available, you can update by visiting: ${release.url}`
}

export async function showVersion(values: FlagValues<SharedRootFlag>, host: Host): Promise<number> {
  const isChecked = values.bool('check-for-updates')
  // Scripts that disable the check expect exactly this line.
  const isBare = !isChecked && values.bool('disable-version-check')
  await sayPart(host.stdout, `sops ${compatibleVersion}${isBare ? '' : ` (sops-ts ${host.version})`}`)
  // The network may take its time, or not answer.
  const [end = '', ...more] = isChecked ? (await comparison(host)).split('\n') : []
  await say(host.stdout, end, ...more)
  return 0
}
