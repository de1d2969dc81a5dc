// SHA256SUMS, as `sha256sum -c` reads it.

/** @param {readonly (readonly [name: string, sha256: string])[]} files */
export const sumsOf = (files) =>
  [...files]
    .sort()
    .map(([name, sum]) => `${sum}  ${name}\n`)
    .join('')
