// Preloaded into the program (node --import): kills it with SIGKILL at its Nth change below a folder, N from 0. A write counts twice: it can
// end before the first byte, and in the middle.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const killAt = Number(process.env.SOPS_TEST_KILL_AT)
const below = process.env.SOPS_TEST_KILL_BELOW
let steps = 0

function die() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

const step = () => {
  if (steps++ === killAt) die()
}

const isBelow = (path) => typeof path === 'string' && path.startsWith(below)
const changesWith = (flags) =>
  typeof flags === 'number' ? (flags & 3) !== fs.constants.O_RDONLY : /[wa+]/.test(flags ?? 'r')
const half = (data) => data.subarray(0, Math.floor(data.length / 2))

function patch(owner, name, make) {
  const real = owner[name]
  owner[name] = make(real)
}

const changing = ['rename', 'link', 'rm', 'unlink', 'mkdir', 'chmod', 'symlink']
for (const owner of [fs.promises, fs])
  for (const name of changing.map((one) => (owner === fs ? `${one}Sync` : one)))
    patch(
      owner,
      name,
      (real) =>
        function (...args) {
          if (isBelow(args[0])) step()
          return real.apply(this, args)
        },
    )

patch(fs.promises, 'writeFile', (real) => async (path, data, ...more) => {
  if (isBelow(path)) {
    step()
    if (steps === killAt) await real(path, half(Buffer.from(data)), ...more)
    step()
  }
  return real(path, data, ...more)
})

const handles = new WeakSet()
patch(fs.promises, 'open', (real) => async (path, flags, ...more) => {
  const changes = isBelow(path) && changesWith(flags)
  if (changes) step()
  const handle = await real(path, flags, ...more)
  if (changes) handles.add(handle)
  return handle
})

const probe = await fs.promises.open(new URL(import.meta.url), 'r')
const prototype = Object.getPrototypeOf(probe)
await probe.close()
for (const name of ['write', 'chmod', 'chown', 'truncate', 'sync', 'datasync'])
  patch(
    prototype,
    name,
    (real) =>
      function (...args) {
        if (handles.has(this)) step()
        return real.apply(this, args)
      },
  )
patch(
  prototype,
  'writeFile',
  (real) =>
    async function (data, ...more) {
      if (handles.has(this)) {
        step()
        if (steps === killAt) await real.call(this, half(Buffer.from(data)), ...more)
        step()
      }
      return real.call(this, data, ...more)
    },
)
syncBuiltinESMExports()
