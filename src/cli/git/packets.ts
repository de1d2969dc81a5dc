// Packets between Git and its long-running programs: four hexadecimal digits of length, themselves included, and data; `0000` ends a list.

/** Data that one packet holds at most. */
const most = 65516

/** Git has said something that is no packet, or has gone in the middle of one. */
const broken = (): Error => new Error('git broke off in the middle of a message')

/** Reads packets from a stream of bytes. */
export class PacketReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** The next bytes; undefined where the stream ends before the first. */
  async #take(length: number): Promise<Buffer | undefined> {
    const parts = [this.#rest]
    let have = this.#rest.length
    while (have < length) {
      const { value, done } = await this.#chunks.next()
      if (done) {
        if (have === 0) return undefined
        throw broken()
      }
      parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      have += value.length
    }
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts, have)
    this.#rest = all.subarray(length)
    return all.subarray(0, length)
  }

  /** The packets up to the end of a list; undefined where the stream ends instead of one. */
  async list(): Promise<readonly Buffer[] | undefined> {
    const found: Buffer[] = []
    for (;;) {
      const head = await this.#take(4)
      if (head === undefined) {
        if (found.length === 0) return undefined
        throw broken()
      }
      const digits = head.toString('latin1')
      if (digits === '0000') return found
      const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) - 4 : -1
      const data = length < 0 ? undefined : await this.#take(length)
      if (data === undefined) throw broken()
      found.push(data)
    }
  }
}

function packet(data: Uint8Array): readonly Uint8Array[] {
  const head = Buffer.from((data.length + 4).toString(16).padStart(4, '0'), 'latin1')
  return [head, data]
}

const end = Buffer.from('0000', 'latin1')

/** A list of lines. */
export const lines = (texts: readonly string[]): Uint8Array =>
  Buffer.concat([...texts.flatMap((text) => packet(Buffer.from(`${text}\n`, 'utf8'))), end])

/** A content, as a list. */
export function content(data: Uint8Array): Uint8Array {
  const parts = Array.from({ length: Math.ceil(data.length / most) }, (_, i) =>
    packet(data.subarray(i * most, (i + 1) * most)),
  )
  return Buffer.concat([...parts.flat(), end])
}
