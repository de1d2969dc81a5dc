// Loads the gRPC package when a key service is asked.
import { loadOptional } from '../net/index.ts'

/** @throws SopsError `missing-dependency`. */
export const loadGrpc = (): Promise<typeof import('@grpc/grpc-js')> =>
  loadOptional('@grpc/grpc-js', () => import('@grpc/grpc-js'))
