// Front door: the record of who used a file.
export { recordEvent } from './record.ts'
