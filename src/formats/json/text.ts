// Collects the JSON text of a file.

/** Collects text and encodes it into one allocation; long pieces are never joined or copied on the way. */
interface Writer {
  write(text: string): void
  bytes(): Uint8Array
}

const LONG = 1 << 16

export function writer(): Writer {
  const parts: string[] = []
  let chunk = ''
  return {
    write(text) {
      if (text.length < LONG) {
        chunk += text
        if (chunk.length < LONG) return
        parts.push(chunk)
      } else parts.push(chunk, text)
      chunk = ''
    },
    bytes() {
      parts.push(chunk)
      chunk = ''
      let size = 0
      for (const part of parts) size += Buffer.byteLength(part)
      const buffer = Buffer.allocUnsafeSlow(size)
      let at = 0
      for (const part of parts) at += buffer.write(part, at)
      return buffer
    },
  }
}
