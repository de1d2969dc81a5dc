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

export async function examineIdentities(sheet: Sheet, ctx: Context): Promise<IsHere> {
  const here = new Set<string>()
  for (const type of Object.values(keyTypes)) {
    if (type.places === undefined) continue
    const places = await type.places(ctx)
    sheet.heading(`${type.id} identities`)
    for (const place of places) {
      showPlace(place, sheet)
      sheet.facts.identities.push({ type: type.id, place: place.place, found: place.found })
      for (const text of place.found) here.add(identityOf(keyNamed(type, text)))
    }
  }
  sheet.heading('credentials of cloud keys')
  for (const type of Object.values(keyTypes)) {
    const found = credentialsOf(type, ctx)
    if (found === undefined) continue
    sheet.line(`${type.id}: ${found.length === 0 ? 'none' : found.join(', ')}`)
    sheet.facts.credentials.push({ type: type.id, found })
  }
  const { identities, credentials } = sheet.facts
  if ([...identities, ...credentials].every(({ found }) => found.length === 0))
    sheet.line('there is nothing here that could open a file; sops keygen makes an age identity')
  return (key) => here.has(identityOf(key))
}
