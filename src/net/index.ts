// Front door: requests, proxies, deadlines, credential files and packages that may be missing.
export { agentFor, agentsFor } from './agents.ts'
export { readCredentials, readCredentialsSync } from './credential-file.ts'
export { within } from './deadline.ts'
export { connectionText, pageInstead, unreachable } from './failure.ts'
export { type StatusName, statusNumber, statusText } from './grpc-status.ts'
export {
  type Deadline,
  deadlineIn,
  type HttpAnswer,
  type HttpRequest,
  isLoopback,
  parseJson,
  type RetryRule,
  send,
  sendPatiently,
  shownUrl,
  withoutSecrets,
} from './http.ts'
export { loadCredentialReader } from './lazy.ts'
export { loadOptional } from './optional.ts'
export {
  field,
  fieldParts,
  lastField,
  presentParts,
  readFields,
  textField,
  textOf,
  type WireField,
} from './protobuf.ts'
export { openTunnel, parseProxy, proxyFor } from './proxy.ts'
export { remember } from './remember.ts'
export { kmsTimeout, parseDuration } from './timeout.ts'
export { secured, type TlsOptions } from './trust.ts'
