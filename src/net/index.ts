// Front door: requests, proxies, deadlines, credential files and packages that may be missing.
export { readCredentials, readCredentialsSync } from './credential-file.ts'
export { within } from './deadline.ts'
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
  type TlsOptions,
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
export { isMarkup, proxyText, refusalText, requestIdText, type Service, secretsOf } from './refusal.ts'
export { remember } from './remember.ts'
export { cloudRetry, firstWait, type RetryRule, repeatedly, retries } from './retry.ts'
export { kmsTimeout, parseDuration } from './timeout.ts'
