// Front door: decrypted or encrypted files taken to a bucket or to Vault.
export { destinationText, type Parcel, upload } from './upload.ts'
