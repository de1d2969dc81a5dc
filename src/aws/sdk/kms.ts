// What is used of the SDK's client for KMS: a bundle holds no more than what this names.
export { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
