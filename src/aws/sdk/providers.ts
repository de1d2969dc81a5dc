// What is used of the SDK's ways to find credentials.
export { fromHttp, fromIni, fromInstanceMetadata } from '@aws-sdk/credential-providers'
