// Front door: requests, proxies, deadlines, credential files and packages that may be missing.
export { agentFor, agentsFor } from './agents.ts'
export { readCredentials, readCredentialsSync } from './credential-file.ts'
export { within } from './deadline.ts'
export { connectionText, unreachable } from './failure.ts'
export { httpStatusOf, type StatusName, statusNumber, statusText, transportText } from './grpc-status.ts'
export {
  type Deadline,
  deadlineIn,
  type HttpAnswer,
  type HttpRequest,
  isLoopback,
  isTransientCode,
  parseJson,
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
export { isMarkup, proxyText, refusalText, requestIdText, type Service, secretsOf, unescaped } from './refusal.ts'
export { remember } from './remember.ts'
export { backoff, cloudRetry, firstWait, type RetryRule, repeatedly, retries } from './retry.ts'
export { kmsTimeout, parseDuration } from './timeout.ts'
export { secured, type TlsOptions } from './trust.ts'
