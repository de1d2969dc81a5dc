#!/usr/bin/env node
// Starts the built program: checks the version of Node and hands over. It is CommonJS because Node starts that an eighth sooner.
'use strict'
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`sops needs Node.js 20.19 or newer, this is ${process.versions.node}\n`)
  process.exit(1)
}
// Stays in force if the program ends before it could set its status.
process.exitCode = 1
const { join } = require('node:path')
const program = require('./load.cjs').loadProgram(join(__dirname, '../dist/cli'))
if (program) {
  const host = program.processHost()
  program.main(program.processWords(), host).then(host.exit)
}
