// Preloaded into the program (node --import): kills it with SIGKILL at its Nth change below a folder, N from 0. A write counts twice: it can
// end before the first byte, and in the middle. With SOPS_TEST_FAULT that change fails with this code instead, and the program goes on.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const killAt = Number(process.env.SOPS_TEST_KILL_AT)
const fault = process.env.SOPS_TEST_FAULT
const below = process.env.SOPS_TEST_KILL_BELOW
let steps = 0

function die() {
  if (fault) throw Object.assign(new Error(`${fault}: as the test wants it`), { code: fault, syscall: 'write' })
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

/** The step in the middle of a write; others may be under way. */
async function halfway(write, data) {
  const isHere = steps++ === killAt
  if (!isHere) return
  await write(half(Buffer.from(data)))
  die()
}

function patch(owner, name, make) {
  const real = owner[name]
  owner[name] = make(real)
}

/** A failure of what gives promises is one that a promise gives. */
const stepping = (isPromised, real, isOurs) => {
  const stepped = function (...args) {
    if (isOurs(this, args)) step()
    return real.apply(this, args)
  }
  return isPromised
    ? async function (...args) {
        return stepped.apply(this, args)
      }
    : stepped
}

const changing = ['rename', 'link', 'rm', 'unlink', 'mkdir', 'chmod', 'symlink']
for (const owner of [fs.promises, fs])
  for (const name of changing.map((one) => (owner === fs ? `${one}Sync` : one)))
    patch(owner, name, (real) => stepping(owner === fs.promises, real, (_, [path]) => isBelow(path)))

patch(fs.promises, 'writeFile', (real) => async (path, data, ...more) => {
  if (isBelow(path)) {
    step()
    await halfway((some) => real(path, some, ...more), data)
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

/** New files are made at once, and filled by their descriptors. */
const descriptors = new Set()
patch(fs, 'openSync', (real) => (path, flags, ...more) => {
  const changes = isBelow(path) && changesWith(flags)
  if (changes) step()
  const descriptor = real(path, flags, ...more)
  if (changes) descriptors.add(descriptor)
  return descriptor
})
const failing = (real, args, done) =>
  Promise.resolve()
    .then(step)
    .then(
      () => real(...args, done),
      (error) => done(error),
    )
for (const name of ['fchmod', 'fchown', 'fsync'])
  patch(fs, name, (real) => (...args) => {
    const done = args.pop()
    if (descriptors.has(args[0])) failing(real, args, done)
    else real(...args, done)
  })
patch(fs, 'writeFile', (real) => (place, data, ...more) => {
  if (!descriptors.has(place)) return real(place, data, ...more)
  const done = more.pop()
  const written = (some) => new Promise((go, fail) => real(place, some, (error) => (error ? fail(error) : go())))
  const write = async () => {
    step()
    await halfway(written, data)
    await written(data)
  }
  write().then(() => done(null), done)
})
patch(fs, 'close', (real) => (descriptor, ...more) => {
  descriptors.delete(descriptor)
  return real(descriptor, ...more)
})
patch(fs, 'closeSync', (real) => (descriptor) => {
  descriptors.delete(descriptor)
  return real(descriptor)
})

const probe = await fs.promises.open(new URL(import.meta.url), 'r')
const prototype = Object.getPrototypeOf(probe)
await probe.close()
for (const name of ['write', 'chmod', 'chown', 'truncate', 'sync', 'datasync'])
  patch(prototype, name, (real) => stepping(true, real, (handle) => handles.has(handle)))
patch(
  prototype,
  'writeFile',
  (real) =>
    async function (data, ...more) {
      if (handles.has(this)) {
        step()
        await halfway((some) => real.call(this, some, ...more), data)
      }
      return real.call(this, data, ...more)
    },
)
syncBuiltinESMExports()
