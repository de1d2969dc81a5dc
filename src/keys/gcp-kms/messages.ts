// The four Protocol Buffers messages that Cloud KMS needs, each with a text or bytes in two numbered fields.

/** Fields of wire type 2, in the order given; empty ones are left out, as proto3 has it. */
export function encodeMessage(fields: readonly (readonly [number: number, value: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [number, value] of fields) {
    if (value.length > 0) parts.push(varint((number << 3) | 2), varint(value.length), value)
  }
  return Buffer.concat(parts)
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/**
 * The last value of the field `wanted` (wire type 2), sharing the message's memory; empty when absent.
 * @throws Error for bytes that are not a message.
 */
export function decodeField(message: Uint8Array, wanted: number): Uint8Array {
  let at = 0
  let found = new Uint8Array(0)
  const number = (): number => {
    let value = 0
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = message[at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new Error('malformed message')
  }
  while (at < message.length) {
    const tag = number()
    const type = tag % 8
    if (type === 0) number()
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = number()
      if (Math.floor(tag / 8) === wanted) found = message.subarray(at, at + length) as Uint8Array<ArrayBuffer>
      at += length
    } else throw new Error('malformed message')
  }
  if (at > message.length) throw new Error('malformed message')
  return found
}
