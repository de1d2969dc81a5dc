// What does not follow the recorded cases, and why.

/** `group/id` → why the program differs from the record. */
export const deviations: Readonly<Record<string, string>> = {}
