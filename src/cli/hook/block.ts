// The block that a hook of Git gets, and its place in the hook's text. Texts here are Latin-1: each character is a byte of the file.

export const hookNames = ['pre-commit', 'pre-push'] as const
export type HookName = (typeof hookNames)[number]

const [start, end] = ['# >>> sops check >>>', '# <<< sops check <<<']

/**
 * Without input: what Git writes to a hook is for the lines below ours. Without an editor: SOPS takes `check` for a file to edit, and would wait
 * for somebody to close it; this way it fails, and nothing is committed.
 */
const checks: Readonly<Record<HookName, readonly string[]>> = {
  'pre-commit': ['SOPS_EDITOR=false sops check --staged </dev/null || exit 1'],
  'pre-push': [
    "if git rev-parse --verify --quiet '@{push}' </dev/null >/dev/null 2>&1; then",
    "  SOPS_EDITOR=false sops check '--changed=@{push}' </dev/null || exit 1",
    'else',
    '  SOPS_EDITOR=false sops check </dev/null || exit 1',
    'fi',
  ],
}

const [commit, push] = [
  ['nothing is committed', 'git commit --no-verify'],
  ['nothing is pushed', 'git push --no-verify'],
] as const

/** For any shell: of Debian, of busybox, of Git for Windows, and under `set -eu`. It ends the hook only where nothing may be committed. */
export function blockOf(name: HookName): string {
  const [refusal, skip] = name === 'pre-commit' ? commit : push
  const lines = [
    start,
    `# Written by sops git install --hook${name === 'pre-commit' ? '' : `=${name}`}, which replaces it when it is run again.`,
    'if command -v sops >/dev/null 2>&1; then',
    ...checks[name].map((line) => `  ${line}`),
    'else',
    `  echo '${refusal}, since there is no program sops in PATH to check it: add its folder to PATH, or skip hooks with ${skip}' >&2`,
    '  exit 1',
    'fi',
    end,
  ]
  return `${lines.join('\n')}\n`
}

const shell =
  /^#![ \t]*(?:\S*\/)?(?:env[ \t]+(?:-S[ \t]*|--split-string[= ])?(?:\w+=\S*[ \t]+)*(?:\S*\/)?)?(?:busybox[ \t]+)?(?:[bd]?ash|sh|zsh|m?ksh)(?:\.exe)?(?=\s|$)/

/** Such as a file that is a program for two languages: lines for a shell would be a fault in the other. */
const becomesAnother = /^[^#\n]*\bexec\b.*[ "]\$\{?0\b/m

const [startLine, endLine] = [/^# >>> sops check >>>\r?$/m, /^# <<< sops check <<<\r?(?:\n|(?![\s\S]))/m]

/** The hook's text with our block, which is the same text where it has it; or why it cannot have it. */
export function withHook(
  text: string | undefined,
  name: HookName,
): { readonly text: string } | { readonly unfit: string } {
  const block = blockOf(name)
  if (text === undefined || text === '') return { text: `#!/bin/sh\n${block}` }
  // The first line of a binary file may be all of it.
  if (text.includes('\0') || !shell.test(text.slice(0, 500))) return { unfit: 'is no shell script' }
  if (becomesAnother.test(text)) return { unfit: 'hands itself to another program' }
  const from = text.search(startLine)
  if (from < 0) {
    const below = text.indexOf('\n') + 1
    return { text: below === 0 ? `${text}\n${block}` : text.slice(0, below) + block + text.slice(below) }
  }
  const found = endLine.exec(text.slice(from))
  if (!found) return { unfit: `has the line "${start}" without "${end}" below it` }
  return { text: text.slice(0, from) + block + text.slice(from + found.index + found[0].length) }
}

/** The hook's text without our block; undefined where there is nothing else in it, and the same text where it has none. */
export function withoutHook(text: string | undefined): string | undefined {
  const from = text?.search(startLine) ?? -1
  const found = text === undefined || from < 0 ? null : endLine.exec(text.slice(from))
  if (text === undefined || !found) return text
  const rest = text.slice(0, from) + text.slice(from + found.index + found[0].length)
  return rest === '#!/bin/sh\n' ? undefined : rest
}

const calls: Readonly<Record<HookName, RegExp>> = {
  'pre-commit': /^(?![ \t]*#).*(?<![\w-])(?:sops check --staged|sops-check(?:-system)?)(?![\w-])/m,
  'pre-push': /^(?![ \t]*#).*(?<![\w-])(?:sops check(?! --staged)|sops-check-push)(?![\w-])/m,
}

/** True for a hook, or the settings of a program that runs hooks, in which the check stands already. */
export const runsCheck = (text: string, name: HookName): boolean => calls[name].test(text)
