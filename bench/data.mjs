// Plain files for the measurements, the same on every run.
import { createHash } from 'node:crypto'

const word = (seed) => createHash('sha256').update(String(seed)).digest('base64url').slice(0, 16)

/**
 * Groups of ten leaves: strings mostly, some numbers and a boolean, as configuration files have them.
 * @returns {Generator<[string, (readonly [string, string | number | boolean])[]]>}
 */
function* groups(leaves) {
  for (let at = 0; at < leaves / 10; at++) {
    const name = `service_${at}`
    const texts = Array.from(
      { length: 7 },
      (_, i) => /** @type {const} */ ([`key_${i}`, `${word(`${at}.${i}`)} ${word(i)}`]),
    )
    yield [
      name,
      [...texts, ['port', 1024 + (at % 60_000)], ['ratio', (at % 100) / 8 + 0.0625], ['enabled', at % 2 === 0]],
    ]
  }
}

export function yamlOf(leaves) {
  const lines = []
  for (const [name, entries] of groups(leaves)) {
    lines.push(`${name}:`, ...entries.map(([key, value]) => `  ${key}: ${value}`))
  }
  return `${lines.join('\n')}\n`
}

export function jsonOf(leaves) {
  const all = Object.fromEntries([...groups(leaves)].map(([name, entries]) => [name, Object.fromEntries(entries)]))
  return `${JSON.stringify(all, null, 2)}\n`
}

export function dotenvOf(leaves) {
  const lines = []
  for (const [name, entries] of groups(leaves)) {
    lines.push(...entries.map(([key, value]) => `${name}_${key}`.toUpperCase().concat('=', String(value))))
  }
  return `${lines.join('\n')}\n`
}

/** About one KB, with comments and nesting as people write it. */
export const smallYaml = `# settings of the shop
apiVersion: v1
kind: Secret
metadata:
  name: shop
  labels: { app: shop, tier: backend }
stringData:
  username: shop
  password: not-a-password   # rotated every quarter
  url: postgres://shop:fake@db.example.test:5432/shop
  config.toml: |
    [server]
    listen = "0.0.0.0:8080"
    [limits]
    rate = 100
${Array.from({ length: 12 }, (_, i) => `  token_${i}: ${word(i)}${word(i + 100)}`).join('\n')}
`

/** Bytes that do not compress and are not text. */
export function bytesOf(size) {
  const blocks = []
  for (let at = 0; at * 64 < size; at++) blocks.push(createHash('sha512').update(String(at)).digest())
  return Buffer.concat(blocks).subarray(0, size)
}
