// The AWS shared configuration: profiles and services of ~/.aws/config and ~/.aws/credentials.

import { join } from 'node:path'
import type { Context } from '../context/index.ts'
import { memoKey } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentialsSync } from '../net/index.ts'

/** Settings by lower-case name; one with settings of its own (`kms =` and indented lines) is a map. */
export type ProfileSection = ReadonlyMap<string, string | ReadonlyMap<string, string>>

interface SharedConfig {
  readonly configPath: string
  readonly credentialsPath: string
  readonly profiles: ReadonlyMap<string, ProfileSection>
  /** `[services NAME]`, whose settings are a map for each service. */
  readonly services: ReadonlyMap<string, ProfileSection>
}

type Sections = Map<string, Map<string, string | Map<string, string>>>

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2')

/** Later sections add to earlier ones of the same name; lines that are neither section nor setting are skipped. */
export function parseSharedFile(text: string): Sections {
  const sections: Sections = new Map()
  let section: Map<string, string | Map<string, string>> | undefined
  let parent = ''
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim()
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue
    const header = /^\[([^\]]*)\]/.exec(content)
    if (header !== null && !/^\s/.test(line)) {
      const name = header[1]!.trim()
      section = sections.get(name) ?? new Map()
      sections.set(name, section)
      parent = ''
      continue
    }
    const at = content.indexOf('=')
    if (section === undefined || at <= 0) continue
    const name = content.slice(0, at).trim().toLowerCase()
    const rest = content.slice(at + 1)
    const comment = rest.search(/\s[#;]/)
    const value = (comment < 0 ? rest : rest.slice(0, comment)).trim()
    if (/^\s/.test(line) && parent !== '') {
      const held = section.get(parent)
      const nested = held instanceof Map ? held : new Map<string, string>()
      nested.set(name, value)
      section.set(parent, nested)
      continue
    }
    parent = value === '' ? name : ''
    section.set(name, value)
  }
  return sections
}

/** The section's name without its kind: `profile NAME` or `services NAME`. */
function named(kind: string, header: string): string | undefined {
  const rest = header.slice(kind.length)
  return header.startsWith(kind) && /^\s/.test(rest) ? unquoted(rest.trim()) : undefined
}

/** @throws SopsError `generic` for what `variable` names, if that can be opened but not read. */
function readSections(path: string, variable: string, { env }: Context): Sections {
  try {
    return parseSharedFile(readCredentialsSync(path))
  } catch (error) {
    // Like all AWS tools: a file that cannot be opened counts as empty.
    if (!env[variable] || (error as NodeJS.ErrnoException).syscall === 'open') return new Map()
    throw new SopsError('generic', `could not load AWS config: ${variable}: ${messageOf(error)}`, { cause: error })
  }
}

function loadSharedConfig(ctx: Context): SharedConfig {
  const { env, home = '' } = ctx
  const pathOf = (variable: string, name: string): string => {
    const path = env[variable] || join(home, '.aws', name)
    return path.startsWith('~/') ? join(home, path.slice(2)) : path
  }
  const configPath = pathOf('AWS_CONFIG_FILE', 'config')
  const credentialsPath = pathOf('AWS_SHARED_CREDENTIALS_FILE', 'credentials')
  const profiles: Sections = new Map()
  const services: Sections = new Map()
  for (const [header, section] of readSections(configPath, 'AWS_CONFIG_FILE', ctx)) {
    const name = header === 'default' ? header : named('profile', header)
    if (name !== undefined) profiles.set(name, section)
    const service = named('services', header)
    if (service !== undefined) services.set(service, section)
  }
  for (const [header, section] of readSections(credentialsPath, 'AWS_SHARED_CREDENTIALS_FILE', ctx)) {
    const name = unquoted(header)
    profiles.set(name, new Map([...(profiles.get(name) ?? []), ...section]))
  }
  return { configPath, credentialsPath, profiles, services }
}

const shared = memoKey<SharedConfig>('AWS shared configuration')

/** Read once per run. */
export const sharedConfig = (ctx: Context): SharedConfig => ctx.once(shared, () => loadSharedConfig(ctx))

/** The profile in force for a key: its own, else the environment's. */
export const profileName = (own: string, { env }: Context): string =>
  own || env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default'

/** What the files say of the profile that counts for a key whose own is `own`; undefined where they do not have it. */
export const profileSection = (own: string, ctx: Context): ProfileSection | undefined =>
  sharedConfig(ctx).profiles.get(profileName(own, ctx))

/** @throws SopsError `generic` for a profile that is missing here. */
export function requireProfile(name: string, ctx: Context): void {
  if (name !== '' && !sharedConfig(ctx).profiles.has(name)) throw new SopsError('generic', missingProfile(name))
}

export const missingProfile = (profile: string): string =>
  `could not load AWS config: failed to get shared config profile, ${profile}`

/** A plain setting; empty when absent. */
export function setting(section: ProfileSection | undefined, name: string): string {
  const value = section?.get(name)
  return typeof value === 'string' ? value : ''
}
