// The openpgp package. No bundle may hold it, for its licence (LGPL): it is a file beside the chunks of the Node form, and beside the executable.
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { messageOf, SopsError } from '../errors.ts'
import { closeSync, codeOf, fstatSync, openSync, readFileSync, realpath, shownPath, statSync } from '../system/index.ts'

type Library = typeof import('openpgp')

/** That of dist/node/openpgp.min.cjs in the npm package, as it is installed beside the executable. */
const NAME = 'openpgp.cjs'

/** What the bundle of the executable throws for a package that it leaves out (scripts/bundle.mjs). */
const LEFT_OUT = 'SOPS_LEFT_OUT'

/** What Node says where the file or package is not there. */
const ABSENT = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

let found: Promise<Library> | undefined

/** @throws SopsError `missing-dependency` where there is none, or one that others could have put there. */
export async function loadOpenpgp(): Promise<Library> {
  try {
    return await import('openpgp')
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (ABSENT.includes(code))
      throw missing(
        'the program was installed without openpgp.cjs, which OpenPGP keys without gpg need: install sops-ts again, or GnuPG',
      )
    if (code !== LEFT_OUT) throw error
    found ??= realpath(process.execPath).then((program) => loadFrom(dirname(program)))
    return found
  }
}

const missing = (text: string): SopsError => new SopsError('missing-dependency', text)

/** What lies in `folder` runs with this program's rights, so nobody but root and the user may have put it there. */
export async function loadFrom(folder: string): Promise<Library> {
  const file = join(folder, NAME)
  const text = readTrusted(file, folder)
  const { compileFunction } = await import('node:vm')
  const module: { exports: unknown } = { exports: {} }
  const names = ['exports', 'require', 'module', '__filename', '__dirname']
  // Compiled from the bytes that were checked, and given Node's own modules only: no search for packages starts there.
  try {
    compileFunction(text, names, { filename: file })(module.exports, requireBuiltin, module, file, folder)
  } catch (error) {
    throw missing(`${shownPath(file)} cannot be loaded: ${messageOf(error)}`)
  }
  return module.exports as Library
}

function requireBuiltin(name: string): unknown {
  if (!isBuiltin(name)) throw missing(`${NAME} asks for the module ${name}, which is not Node's`)
  return process.getBuiltinModule(name)
}

function readTrusted(file: string, folder: string): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw missing(
      `OpenPGP keys without gpg need ${shownPath(file)}: put dist/node/openpgp.min.cjs of the npm package openpgp there under this name, or install GnuPG`,
    )
  }
  try {
    for (const [place, { mode, uid }] of [
      [folder, statSync(folder)],
      [file, fstatSync(descriptor)],
    ] as const) {
      const isOthers = process.getuid !== undefined && uid !== 0 && uid !== process.getuid()
      if (process.platform !== 'win32' && (isOthers || (mode & 0o022) !== 0))
        throw missing(
          `${shownPath(file)} is not loaded, because others can change ${shownPath(place)}: it must belong to you or root (chown), and nobody else may write to it (chmod go-w)`,
        )
    }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
