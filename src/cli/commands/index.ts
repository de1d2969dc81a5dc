// The table of commands: what each is called, takes and shows in the help. Code is loaded when a command runs.
import * as flags from '../flags.ts'
import { bool, type Flag, string } from '../flags.ts'
import type { Run } from '../invocation.ts'

export interface Command {
  readonly name: string
  readonly aliases?: readonly string[]
  /** One line. */
  readonly summary: string
  /** Positional arguments as the usage line shows them. */
  readonly args: string
  readonly flags: readonly Flag[]
  readonly examples: readonly string[]
  readonly hidden?: boolean
  /** Takes one file; more words are warned about, and refused with `--in-place` unless it takes many there (spec/cli.md 3.4). */
  readonly oneFile?: true | 'unless in place'
  /** Keeps stderr clean while an editor may be open. */
  readonly opensEditor?: true
  readonly subcommands?: readonly Command[]
  /** Absent for a command that is only a group. */
  readonly load?: () => Promise<{ readonly run: Run }>
}

const { keyServices, decryptionOrder, types, inPlace, output, filenameOverride, ignoreMac, inputType, threshold } =
  flags

const shells = ['bash', 'zsh', 'fish'] as const

/** In the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    args: '',
    flags: [],
    examples: ['sops completion bash > /etc/bash_completion.d/sops'],
    subcommands: shells.map((shell) => ({
      name: shell,
      summary: `print the completion script for ${shell}`,
      args: '',
      flags: [],
      examples: [],
      load: () => import('./completion.ts'),
    })),
  },
  {
    name: 'exec-env',
    summary: 'run a command with the values of a file in its environment',
    args: 'FILE COMMAND',
    flags: [
      bool('background', 'start the command and return at once (deprecated)'),
      bool('pristine', 'pass only the values of the file, not the present environment'),
      string('user', 'run the command as this user', { value: 'NAME' }),
      bool('same-process', 'replace this process by the command'),
      decryptionOrder,
      ...keyServices,
    ],
    examples: ["sops exec-env secrets.env './server --port 80'"],
    load: () => import('./exec-env.ts'),
  },
  {
    name: 'exec-file',
    summary: 'run a command with the decrypted file at hand; {} in the command is its path',
    args: 'FILE COMMAND',
    flags: [
      bool('background', 'start the command and return at once (deprecated)'),
      bool('no-fifo', 'use a regular file, which can be read more than once'),
      string('user', 'run the command as this user', { value: 'NAME' }),
      ...types,
      string('filename', 'name of the file that the command sees', { value: 'NAME', path: true }),
      flags.quoteAmbiguous,
      decryptionOrder,
      ...keyServices,
    ],
    examples: ["sops exec-file config.yaml 'server --config {}'"],
    load: () => import('./exec-file.ts'),
  },
  {
    name: 'publish',
    summary: 'upload a file, or a folder of files, to the destination in the configuration',
    args: 'PATH',
    oneFile: true,
    flags: [
      flags.yes,
      bool('omit-extensions', 'leave out the file extension at the destination'),
      bool('recursive', 'publish every file below a folder'),
      flags.allowCleartext,
      flags.verbose,
      decryptionOrder,
      ...keyServices,
    ],
    examples: ['sops publish --yes secrets.yaml'],
    load: () => import('./publish.ts'),
  },
  {
    name: 'keyservice',
    summary: 'serve the keys of this machine to other machines',
    args: '',
    flags: [
      string('network', 'kind of socket: tcp or unix', { aliases: ['net'], default: 'tcp', value: 'KIND' }),
      string('address', 'address or socket path', { aliases: ['addr'], default: '127.0.0.1:5000', value: 'ADDRESS' }),
      bool('prompt', 'ask before every answer'),
      flags.verbose,
    ],
    examples: ['sops keyservice --net unix --addr /run/user/1000/sops.sock'],
    load: () => import('./keyservice.ts'),
  },
  {
    name: 'filestatus',
    summary: 'tell as JSON whether a file is encrypted',
    args: 'FILE',
    flags: [inputType],
    examples: ['sops filestatus secrets.yaml'],
    load: () => import('./filestatus.ts'),
  },
  {
    name: 'groups',
    summary: 'change the key groups of a file',
    args: '',
    flags: [],
    examples: [],
    subcommands: [
      {
        name: 'add',
        summary: 'add a key group to a file',
        args: '',
        flags: [
          string('file', 'file to change', { aliases: ['f'], value: 'PATH', path: true }),
          inPlace,
          ...flags.groupKeys,
          flags.awsProfile,
          threshold,
          flags.encryptionContext,
          ignoreMac,
          ...keyServices,
        ],
        examples: ['sops groups add -i -f secrets.yaml --age age1…'],
        load: () => import('./groups.ts'),
      },
      {
        name: 'delete',
        summary: 'delete the key group at an index, counted from 0',
        args: 'INDEX',
        flags: [
          string('file', 'file to change', { aliases: ['f'], value: 'PATH', path: true }),
          inPlace,
          threshold,
          ignoreMac,
          ...keyServices,
        ],
        examples: ['sops groups delete -i -f secrets.yaml 1'],
        load: () => import('./groups.ts'),
      },
    ],
  },
  {
    name: 'updatekeys',
    summary: 'give files the master keys of the configuration',
    args: 'FILE [FILE...]',
    flags: [flags.yes, inputType, ignoreMac, ...keyServices],
    examples: ['sops updatekeys --yes secrets/*.yaml'],
    load: () => import('./updatekeys.ts'),
  },
  {
    name: 'decrypt',
    summary: 'decrypt a file, or stdin, to stdout',
    args: '[FILE]',
    oneFile: true,
    flags: [
      inPlace,
      flags.extract,
      output,
      ...types,
      flags.quoteAmbiguous,
      ignoreMac,
      filenameOverride,
      decryptionOrder,
      ...keyServices,
    ],
    examples: [
      'sops decrypt secrets.yaml',
      'sops decrypt --extract \'["db"]["password"]\' secrets.yaml',
      'sops decrypt --output-type json secrets.yaml',
      'sops decrypt --filename-override x.yaml < secrets.yaml',
    ],
    load: () => import('./decrypt.ts'),
  },
  {
    name: 'encrypt',
    summary: 'encrypt a file, or stdin, to stdout',
    args: '[FILE]',
    oneFile: true,
    flags: [inPlace, output, ...types, filenameOverride, ...flags.newKeys, ...flags.selection, ...keyServices],
    examples: [
      'sops encrypt -i secrets.yaml',
      'sops encrypt --age age1… plain.yaml > secrets.yaml',
      'sops encrypt --filename-override secrets.env < plain.env',
    ],
    load: () => import('./encrypt.ts'),
  },
  {
    name: 'rotate',
    summary: 'give a file a new data key, and add or remove master keys',
    args: 'FILE [FILE...]',
    oneFile: 'unless in place',
    flags: [
      inPlace,
      output,
      ...types,
      filenameOverride,
      flags.allowCleartext,
      decryptionOrder,
      flags.encryptionContext,
      ...flags.changedKeys,
      ...keyServices,
    ],
    examples: ['sops rotate -i secrets/*.yaml', 'sops rotate -i --rm-age age1… secrets.yaml'],
    load: () => import('./rotate.ts'),
  },
  {
    name: 'edit',
    summary: 'open a file decrypted in an editor; it is made if it does not exist',
    args: 'FILE',
    oneFile: true,
    opensEditor: true,
    flags: [
      ...types,
      flags.showMasterKeys,
      ignoreMac,
      flags.allowCleartext,
      decryptionOrder,
      ...flags.newKeys,
      ...flags.selection,
      ...keyServices,
    ],
    examples: ['sops edit secrets.yaml', 'SOPS_EDITOR="code --wait" sops edit secrets.yaml'],
    load: () => import('./edit.ts'),
  },
  {
    name: 'set',
    summary: 'change one value of a file',
    args: 'FILE INDEX [VALUE]',
    flags: [
      ...types,
      bool('value-file', 'VALUE is the path of a file that holds the value'),
      bool('value-stdin', 'read the value from stdin'),
      threshold,
      ignoreMac,
      flags.allowCleartext,
      decryptionOrder,
      flags.idempotent,
      ...keyServices,
    ],
    examples: [
      'sops set secrets.yaml \'["db"]["password"]\' \'"new"\'',
      'printf \'"new"\' | sops set --value-stdin secrets.yaml \'["db"]["password"]\'',
    ],
    load: () => import('./set.ts'),
  },
  {
    name: 'unset',
    summary: 'remove one value from a file',
    args: 'FILE INDEX',
    flags: [...types, threshold, ignoreMac, flags.allowCleartext, decryptionOrder, flags.idempotent, ...keyServices],
    examples: ['sops unset secrets.yaml \'["db"]["password"]\''],
    load: () => import('./unset.ts'),
  },
  {
    name: 'keygen',
    summary: 'make a new age identity',
    args: '',
    flags: [output, bool('pq', 'make a post-quantum identity (ML-KEM-768 with X25519)')],
    examples: ['sops keygen', 'sops keygen --pq --output ~/keys/backup.txt'],
    load: () => import('./keygen.ts'),
  },
  {
    name: 'git',
    summary: 'show decrypted differences in git',
    args: '',
    flags: [],
    examples: [],
    subcommands: [
      {
        name: 'install',
        summary: 'make git diff show decrypted values in this repository',
        args: '',
        flags: [bool('global', 'for all repositories of this user')],
        examples: ['sops git install', 'sops git install --global'],
        load: () => import('./git.ts'),
      },
      {
        name: 'textconv',
        summary: 'print a file decrypted where possible; git calls this',
        args: 'FILE',
        flags: [inputType, decryptionOrder, flags.networkKeys, ...keyServices],
        examples: [],
        load: () => import('./git.ts'),
      },
    ],
  },
  {
    name: 'doctor',
    summary: 'check configuration, identities and programs, and say what is missing',
    args: '[FILE...]',
    flags: [inputType, flags.networkKeys, ...keyServices],
    examples: ['sops doctor', 'sops doctor secrets.yaml'],
    load: () => import('./doctor.ts'),
  },
  {
    name: 'help',
    aliases: ['h'],
    summary: 'show the commands, or the help of one command',
    args: '[COMMAND]',
    flags: [],
    examples: ['sops help decrypt'],
    load: () => import('./help.ts'),
  },
]
