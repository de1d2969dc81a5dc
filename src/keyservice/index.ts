// Front door: keys that another process wraps and unwraps.
export { remoteKeyServices } from './client.ts'
export { loadKeyServiceClient } from './lazy.ts'
export { isLocal, listen, placeOf } from './listen.ts'
export { makeListener, type ServerOptions, serve } from './server.ts'
