// Whether values may be stored in clear because a setting in the file says so. Those settings are not authenticated; the user's own choice
// shows in the file's creation rule, in a flag, and in a name that ends in the default suffix.

import type { Selection } from '../cipher/index.ts'
import {
  type ClearPlace,
  defaultSelection,
  givenSettings,
  type SelectionOptions,
  selectedAmong,
} from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { listed } from '../text/listed.ts'
import { quote } from '../text/quote.ts'
import { formatPath } from '../tree/path.ts'
import type { Tree } from '../tree/tree.ts'

/** A sealed tree and the settings that it was sealed with. */
interface SealedBy {
  readonly plain: Tree
  readonly settings: SelectionOptions
  readonly selection: Selection
  /** The result of `newlyClear`. */
  readonly clear: readonly ClearPlace[]
}

/** What the user wants encrypted. */
export interface OwnRule {
  readonly selection: Selection
  /** What messages call it. */
  readonly name: string
}

interface ClearOptions {
  readonly rule?: OwnRule | undefined
  /** Refuse nothing. */
  readonly allowCleartext?: boolean | undefined
  /** Receives the warnings; without it there are none. */
  readonly log?: Context['log']
}

interface Verdict {
  readonly refused: boolean
  /** For the message: what is stored in clear, and which setting says so. */
  readonly what: string
  readonly by: string
}

/** Undefined, so no message, for what was clear before and for what is clear by the user's choice; not for a secret that becomes clear. */
function verdictOf(
  { before }: ClearPlace,
  isOwn: boolean,
  { settings, selection }: SealedBy,
  rule?: OwnRule,
): Verdict | undefined {
  const by = settingText(settings)
  if (rule && isOwn) return { refused: before !== 'clear', what: `what ${rule.name} encrypts`, by }
  if (settings.unencryptedSuffix === defaultSelection.unencryptedSuffix) return undefined
  if (before === 'encrypted') {
    return {
      refused: rule === undefined,
      what: 'what was encrypted',
      by: rule ? `${by}, as ${rule.name} wants it` : by,
    }
  }
  if (rule) return undefined
  if (selection.invalid !== undefined) {
    return { refused: true, what: 'what is new', by: `${by}, which does not compile` }
  }
  return before === 'absent' ? { refused: false, what: 'what is new', by } : undefined
}

function settingText(settings: SelectionOptions): string {
  const set = givenSettings(settings)
  return `${set.map(({ name, field }) => `${field}: ${quote(settings[name]!)}`).join(' and ')} in its metadata`
}

const placeText = ({ path, isComment }: ClearPlace): string =>
  isComment ? `a comment ${path.length === 0 ? 'of the document' : `in ${formatPath(path)}`}` : formatPath(path)

/**
 * Refuses to store in clear what was encrypted, unless the rule or the default suffix leaves it clear, and what the rule encrypts. Warns of
 * anything else that is newly clear. Call it before anything is written.
 * @throws SopsError `cleartext`.
 */
export function checkCleartext(sealed: SealedBy, { rule, allowCleartext, log }: ClearOptions): void {
  if (sealed.clear.length === 0) return
  const own = rule ? selectedAmong(sealed.clear, sealed.plain, rule.selection) : new Set<ClearPlace>()
  const groups = new Map<string, { verdict: Verdict; places: ClearPlace[] }>()
  for (const place of sealed.clear) {
    const verdict = verdictOf(place, own.has(place), sealed, rule)
    if (!verdict) continue
    const key = JSON.stringify(verdict)
    const group = groups.get(key)
    if (group) group.places.push(place)
    else groups.set(key, { verdict, places: [place] })
  }
  const all = [...groups.values()].map(({ verdict, places }) => ({ ...verdict, places: listed(places.map(placeText)) }))
  const refused = all.filter((verdict) => verdict.refused)
  if (refused.length > 0 && allowCleartext !== true) {
    const text = refused
      .map(({ what, by, places }) => `${what} would be stored in clear by ${by}: ${places}`)
      .join('; ')
    throw new SopsError('cleartext', text, {
      hints: [
        'nothing was written',
        'nobody authenticates settings in a file: whoever can change it may have put this one in',
        'if it is what you want: --allow-cleartext (allowCleartext in the library)',
      ],
    })
  }
  for (const { what, by, places } of all) {
    log?.({ level: 'warning', logger: 'CMD', message: `${what} is stored in clear by ${by}: ${places}` })
  }
}
