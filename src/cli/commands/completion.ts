// `sops completion bash|zsh|fish`: scripts that ask the program itself what fits (spec/cli.md 2.7).
//
// The scripts of yargs would not do: it picks the shell by $SHELL, has none for fish, and asks with a marker of its own, while scripts that
// the reference printed, and users installed, ask with `--generate-bash-completion`.
import { type Command, command } from '../command.ts'
import { warnOfWords } from '../extra-words.ts'

const bash = `
#! /bin/bash

_cli_bash_autocomplete() {
  local word="\${COMP_WORDS[COMP_CWORD]}" candidates
  local -a line=("\${COMP_WORDS[@]:0:COMP_CWORD}")
  # Bash takes --flag=value for three words.
  if [[ "$word" == "=" ]]; then
    word=""
  elif (( COMP_CWORD > 1 )) && [[ "\${line[COMP_CWORD-1]}" == "=" ]]; then
    unset "line[COMP_CWORD-1]"
  fi
  if ! candidates=$(_SOPS_COMPLETE=bash "\${line[@]}" "$word" --generate-bash-completion 2>/dev/null); then
    compopt -o default 2>/dev/null
  fi
  COMPREPLY=($(compgen -W "$candidates" -- "$word"))
}

complete -o nospace -F _cli_bash_autocomplete sops
`

const zsh = `
#compdef sops

_cli_zsh_autocomplete() {
  local -a line candidates
  local out files=0
  line=("\${(@)words[1,CURRENT]}")
  out=$(_SOPS_COMPLETE=zsh "\${line[@]}" --generate-bash-completion 2>/dev/null) || files=1
  candidates=("\${(@f)out}")
  if [[ -n "\${candidates[1]}" ]]; then
    _describe 'values' candidates
  fi
  if (( files )); then
    _files
  fi
}

compdef _cli_zsh_autocomplete sops
`

const fish = `
function __sops_complete
    set -l line (commandline -opc)
    set -l word (commandline -ct)
    set -lx _SOPS_COMPLETE fish
    command $line "$word" --generate-bash-completion 2>/dev/null
    or __fish_complete_path "$word"
end

complete -c sops -f -a '(__sops_complete)'
`

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }

/** The shell is the last name of the command. */
export const completion: Command = command({
  args: '',
  flags: [],
  examples: [],
  run: async (inv, io) => {
    warnOfWords(inv, io)
    await io.out(Buffer.from(scripts[inv.command.at(-1)!]!))
    return 0
  },
})
