// Front door: one configuration, one set of credentials and one way to tell failures for every service of AWS.
export { type CredentialSource, credentialSource, remembered } from './credentials.ts'
export { describeFailure, nameHosts } from './failure.ts'
export { type KmsSdk, loadKms, loadS3 } from './packages.ts'
export { clientSettings, defaultRegion, s3Settings } from './settings.ts'
export { missingProfile, requireProfile, sharedConfig } from './shared-config.ts'
export { assumeRole, type Provider, sessionName } from './sts.ts'
