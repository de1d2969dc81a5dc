// The table of commands: names and summaries. Flags, code and the rest of the help load when the command is called.
import type { Command } from '../command.ts'

/** What commands are for, in the order of the help. */
export const sections = ['EVERYDAY COMMANDS', 'KEYS', 'GIT', 'SERVICES', 'HELP'] as const

export interface CommandRow {
  readonly name: string
  /** Only at the top. */
  readonly section?: (typeof sections)[number]
  readonly aliases?: readonly string[]
  /** One line. */
  readonly summary: string
  /** SOPS has no such command, and takes the word for a file to edit. */
  readonly isNew?: true
  /** A command of SOPS that fingers know by the letters that both begin with: those complete to it alone. */
  readonly yieldsTo?: string
  readonly load: () => Promise<Command>
}

/** A command that is only a group of others. */
export interface GroupRow extends Omit<CommandRow, 'load'> {
  readonly subcommands: readonly CommandRow[]
  readonly examples: readonly string[]
}

export type Row = CommandRow | GroupRow

export const isGroup = (row: Row): row is GroupRow => 'subcommands' in row

/** The row of a name or alias. */
export const findRow = <R extends Row>(table: readonly R[], name: string | undefined): R | undefined =>
  name === undefined ? undefined : table.find((row) => row.name === name || row.aliases?.includes(name))

/** The rows under a group, or at the top; a command has none. */
export const rowsBelow = (row: Row | undefined): readonly Row[] =>
  row === undefined ? commands : isGroup(row) ? row.subcommands : []

const shells = ['bash', 'zsh', 'fish'] as const

/** In the order of the help. */
export const commands: readonly Row[] = [
  {
    name: 'completion',
    section: 'HELP',
    summary: 'print a completion script for a shell',
    examples: ['sops completion bash > /etc/bash_completion.d/sops'],
    subcommands: shells.map((shell) => ({
      name: shell,
      summary: `print the completion script for ${shell}`,
      load: async () => (await import('./completion.ts')).completion,
    })),
  },
  {
    name: 'exec-env',
    section: 'EVERYDAY COMMANDS',
    summary: 'run a command with the values of a file in its environment',
    load: async () => (await import('./exec-env.ts')).execEnv,
  },
  {
    name: 'exec-file',
    section: 'EVERYDAY COMMANDS',
    summary: 'run a command with the decrypted file at hand; {} in the command is its path',
    load: async () => (await import('./exec-file.ts')).execFile,
  },
  {
    name: 'publish',
    section: 'SERVICES',
    summary: 'upload a file, or a folder of files, to the destination in the configuration',
    load: async () => (await import('./publish.ts')).publish,
  },
  {
    name: 'keyservice',
    section: 'SERVICES',
    summary: 'serve the keys of this machine to other machines',
    load: async () => (await import('./keyservice.ts')).keyservice,
  },
  {
    name: 'filestatus',
    section: 'EVERYDAY COMMANDS',
    summary: 'tell as JSON whether a file is encrypted',
    load: async () => (await import('./filestatus.ts')).filestatus,
  },
  {
    name: 'ls',
    section: 'EVERYDAY COMMANDS',
    isNew: true,
    summary: 'list encrypted files: for whom they are, and how much of them is encrypted',
    load: async () => (await import('./ls.ts')).ls,
  },
  {
    name: 'check',
    section: 'GIT',
    isNew: true,
    summary: 'find what should be encrypted and is not, and what is wrong with what is; needs no key',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'groups',
    section: 'KEYS',
    summary: 'change the key groups of a file',
    examples: [],
    subcommands: [
      {
        name: 'add',
        summary: 'add a key group to a file',
        load: async () => (await import('./groups.ts')).add,
      },
      {
        name: 'delete',
        summary: 'delete the key group at an index, counted from 0',
        load: async () => (await import('./groups.ts')).remove,
      },
    ],
  },
  {
    name: 'updatekeys',
    section: 'KEYS',
    summary: 'give files the master keys of the configuration',
    load: async () => (await import('./updatekeys.ts')).updatekeys,
  },
  {
    name: 'decrypt',
    section: 'EVERYDAY COMMANDS',
    summary: 'decrypt a file, or stdin, to stdout',
    load: async () => (await import('./decrypt.ts')).decrypt,
  },
  {
    name: 'encrypt',
    section: 'EVERYDAY COMMANDS',
    summary: 'encrypt a file, or stdin, to stdout',
    load: async () => (await import('./encrypt.ts')).encrypt,
  },
  {
    name: 'rotate',
    section: 'KEYS',
    summary: 'give a file a new data key, and add or remove master keys',
    load: async () => (await import('./rotate.ts')).rotate,
  },
  {
    name: 'edit',
    section: 'EVERYDAY COMMANDS',
    summary: 'open a file decrypted in an editor; it is made if it does not exist',
    load: async () => (await import('./edit.ts')).edit,
  },
  {
    name: 'set',
    section: 'EVERYDAY COMMANDS',
    summary: 'change one value of a file',
    load: async () => (await import('./set.ts')).set,
  },
  {
    name: 'unset',
    section: 'EVERYDAY COMMANDS',
    summary: 'remove one value from a file',
    load: async () => (await import('./unset.ts')).unset,
  },
  {
    name: 'keygen',
    section: 'KEYS',
    summary: 'make a new age identity',
    load: async () => (await import('./keygen.ts')).keygen,
  },
  {
    name: 'git',
    section: 'GIT',
    summary: 'show decrypted differences in git, merge files, keep them decrypted in the work tree',
    examples: [],
    subcommands: [
      {
        name: 'install',
        summary:
          'set up diffs and merges of encrypted files in this repository; with --filter, check them out decrypted',
        load: async () => (await import('./git/install.ts')).install,
      },
      {
        name: 'uninstall',
        summary: 'undo git install',
        load: async () => (await import('./git/uninstall.ts')).uninstall,
      },
      {
        name: 'textconv',
        summary: 'print a file decrypted where possible; git calls this',
        load: async () => (await import('./git/textconv.ts')).textconv,
      },
      {
        name: 'merge-driver',
        summary: 'merge three versions of a file; git calls this',
        load: async () => (await import('./git/merge-driver.ts')).mergeDriver,
      },
      {
        name: 'clean',
        summary: 'encrypt stdin as the next version of a file; git calls this',
        load: async () => (await import('./git/clean.ts')).clean,
      },
      {
        name: 'smudge',
        summary: 'decrypt stdin where possible; git calls this',
        load: async () => (await import('./git/smudge.ts')).smudge,
      },
      {
        name: 'filter-process',
        summary: 'do both for many files; git calls this',
        load: async () => (await import('./git/filter-process.ts')).filterProcess,
      },
    ],
  },
  {
    name: 'merge',
    section: 'GIT',
    isNew: true,
    summary: 'merge a file that git has left in conflict, value by value',
    load: async () => (await import('./merge.ts')).merge,
  },
  {
    name: 'unlock',
    section: 'GIT',
    isNew: true,
    yieldsTo: 'unset',
    summary: 'decrypt files in place, and keep their ciphertext for lock',
    load: async () => (await import('./unlock.ts')).unlock,
  },
  {
    name: 'lock',
    section: 'GIT',
    isNew: true,
    summary: 'put the ciphertext of unlocked files back, and encrypt what changed',
    load: async () => (await import('./lock.ts')).lock,
  },
  {
    name: 'doctor',
    section: 'HELP',
    summary: 'check configuration, identities and programs, and say what is missing',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'help',
    section: 'HELP',
    aliases: ['h'],
    summary: 'show the commands, or the help of one command',
    load: async () => (await import('./help.ts')).help,
  },
]
