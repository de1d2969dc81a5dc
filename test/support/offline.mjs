// Preloaded into a program that needs neither a network nor keys: where it uses one, it ends.
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const refuse = (what) => () => {
  process.stderr.write(`used offline: ${what}\n`)
  process.exit(99)
}
net.Server.prototype.listen = refuse('a server')
net.Socket.prototype.connect = refuse('a connection')
dgram.Socket.prototype.bind = refuse('a datagram socket')
crypto.generateKeyPair = crypto.generateKeyPairSync = refuse('a key pair')
crypto.generateKey = crypto.generateKeySync = refuse('a key')
syncBuiltinESMExports()
