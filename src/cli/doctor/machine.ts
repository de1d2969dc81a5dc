// What `sops doctor` says about this machine: the identities and credentials that it has.
import type { Context } from '../../context/index.ts'
import type { IdentityPlace, KeyType } from '../../keys/index.ts'
import { identityOf, keyTypes, type MasterKey } from '../../keys/index.ts'
import { credentialsOf } from './credentials.ts'
import type { Sheet } from './sheet.ts'

function showPlace({ place, found, problems }: IdentityPlace, sheet: Sheet): void {
  if (found.length === 0 && problems.length === 0) sheet.line(`${place}: none`)
  else sheet.line(`${place}:`)
  for (const identity of found) sheet.line(identity, 2)
  for (const problem of problems) sheet.problem(problem, { depth: 2 })
}

/** Whether the identity of a key is among those that were found. */
export type IsHere = (key: MasterKey) => boolean

/** A key whose first field is the text, without what may stand behind it in brackets. */
const keyNamed = ({ id, fields: [first] }: KeyType, text: string): MasterKey => ({
  type: id,
  fields: { [first?.name ?? '']: text.replace(/ \(.*\)$/, '') },
  enc: '',
})

/** Identities by key type. */
type FoundIdentities = readonly { readonly type: KeyType; readonly places: readonly IdentityPlace[] }[]

export async function findIdentities(ctx: Context): Promise<FoundIdentities> {
  const found: { type: KeyType; places: readonly IdentityPlace[] }[] = []
  for (const type of Object.values(keyTypes))
    if (type.places !== undefined) found.push({ type, places: await type.places(ctx) })
  return found
}

export function isAmong(identities: FoundIdentities): IsHere {
  const here = new Set(
    identities.flatMap(({ type, places }) =>
      places.flatMap(({ found }) => found.map((text) => identityOf(keyNamed(type, text)))),
    ),
  )
  return (key) => here.has(identityOf(key))
}

export function showIdentities(identities: FoundIdentities, sheet: Sheet, ctx: Context): void {
  for (const { type, places } of identities) {
    sheet.heading(`${type.id} identities`)
    for (const place of places) {
      showPlace(place, sheet)
      sheet.facts.identities.push({ type: type.id, place: place.place, found: place.found })
    }
  }
  sheet.heading('credentials of cloud keys')
  for (const type of Object.values(keyTypes)) {
    const found = credentialsOf(type, ctx)
    if (found === undefined) continue
    sheet.line(`${type.id}: ${found.length === 0 ? 'none' : found.join(', ')}`)
    sheet.facts.credentials.push({ type: type.id, found })
  }
  const { identities: all, credentials } = sheet.facts
  if ([...all, ...credentials].every(({ found }) => found.length === 0))
    sheet.line('there is nothing here that could open a file; sops keygen makes an age identity')
}
