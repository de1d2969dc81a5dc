// A place of a text that this reader takes and the reference's does not.

export type ConstructId = 'solidus' | 'question' | 'key' | 'version' | 'prefix' | 'bracket' | 'tabs'

/** A place of a text at which the reference would give up. */
export interface Refusal {
  readonly construct: ConstructId
  readonly start: number
  readonly end: number
  /** What is written there, where the construct alone does not say. */
  readonly written?: string
}
