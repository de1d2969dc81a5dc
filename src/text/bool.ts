// Booleans as Go reads them.

const booleans: Readonly<Record<string, boolean>> = {
  __proto__: null as never,
  ...{ '1': true, t: true, T: true, TRUE: true, true: true, True: true },
  ...{ '0': false, f: false, F: false, FALSE: false, false: false, False: false },
}

/** What `strconv.ParseBool` makes of the text; undefined for what it refuses. */
export const parseBool = (text: string): boolean | undefined => booleans[text]
