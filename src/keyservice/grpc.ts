// Loads the gRPC package when a key service is asked.
import { SopsError } from '../errors.ts'

/** @throws SopsError `missing-dependency`. */
export async function loadGrpc(): Promise<typeof import('@grpc/grpc-js')> {
  try {
    return await import('@grpc/grpc-js')
  } catch (error) {
    throw new SopsError('missing-dependency', 'key services need the package @grpc/grpc-js', { cause: error })
  }
}
