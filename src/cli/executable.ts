// The entry of the executable, as bin/sops.cjs is that of the Node form.
import { keepBytesInPaths, keepEndsOfChildren } from '../runtime/index.ts'
import { main, processHost, processWords } from './main.ts'

// Stays in force if the program ends before it could set its status.
process.exitCode = 1
keepBytesInPaths()
keepEndsOfChildren(process)
const host = processHost()
main(processWords(), host).then(host.exit)
