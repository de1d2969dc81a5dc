// A key service that answers as a test wants it to, whatever the protocol says.
import * as grpc from '@grpc/grpc-js'

export type Answer = (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => void

const same = (bytes: Buffer): Buffer => bytes

/** Serves both methods on a unix socket; the result stops it. Requests and answers are the messages' own bytes. */
export async function hostileKeyService(socket: string, answer: Answer): Promise<() => void> {
  const server = new grpc.Server({ 'grpc.max_send_message_length': -1 })
  for (const path of ['/KeyService/Encrypt', '/KeyService/Decrypt']) server.register(path, answer, same, same, 'unary')
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    )
  })
  return () => server.forceShutdown()
}

/** An answer of one field; `data` has fewer than 128 bytes. */
export const answerOf = (data: Uint8Array): Buffer => Buffer.concat([Buffer.from([0x0a, data.length]), data])
