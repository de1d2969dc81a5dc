// The signature of a macOS executable. The compiler signs those for arm64 anew, which need one; in those for x64, which need none, it leaves
// that of the runtime, which does not fit what was added.

const LC_SEGMENT_64 = 0x19
const LC_CODE_SIGNATURE = 0x1d
const HEADER = 32

/** @param {Buffer} bytes */
function loadCommands(bytes) {
  if (bytes.readUInt32LE(0) !== 0xfeedfacf) throw new Error('not a Mach-O file of 64 bits')
  const commands = []
  for (let at = HEADER, left = bytes.readUInt32LE(16); left > 0; left--) {
    const size = bytes.readUInt32LE(at + 4)
    commands.push({ at, kind: bytes.readUInt32LE(at), size })
    at += size
  }
  return commands
}

/**
 * What `codesign --remove-signature` leaves.
 * @param {Uint8Array} file
 * @throws Error when it has no signature at its end
 */
export function withoutSignature(file) {
  const bytes = Buffer.from(file)
  const commands = loadCommands(bytes)
  const signature = commands.at(-1)
  const linkEdit = commands.find(
    ({ at, kind }) => kind === LC_SEGMENT_64 && bytes.toString('latin1', at + 8, at + 18) === '__LINKEDIT',
  )
  if (signature?.kind !== LC_CODE_SIGNATURE || linkEdit === undefined) throw new Error('no signature at the end')
  const [start, length] = [bytes.readUInt32LE(signature.at + 8), bytes.readUInt32LE(signature.at + 12)]
  if (start + length !== bytes.length) throw new Error('something stands behind the signature')
  bytes.writeUInt32LE(commands.length - 1, 16)
  bytes.writeUInt32LE(bytes.readUInt32LE(20) - signature.size, 20)
  bytes.fill(0, signature.at, signature.at + signature.size)
  const offset = bytes.readBigUInt64LE(linkEdit.at + 40)
  bytes.writeBigUInt64LE(BigInt(start) - offset, linkEdit.at + 48)
  return bytes.subarray(0, start)
}
