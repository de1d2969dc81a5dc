// Whether the SDK has printed its reminder to upgrade.
export { state } from '@aws-sdk/core/client'
