// `sops completion bash|zsh|fish`: scripts that ask the program itself what fits (spec/cli.md 2.7).
//
// The scripts of yargs would not do: it picks the shell by $SHELL, has none for fish, and asks with a marker of its own, while scripts that
// the reference printed, and users installed, ask with `--generate-bash-completion`.
import { type Command, command } from '../command.ts'

const bash = `
#! /bin/bash

_cli_bash_autocomplete() {
  local word="\${COMP_WORDS[COMP_CWORD]}" candidates
  local -a line=("\${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ "$word" == -* ]]; then
    line+=("$word")
  fi
  candidates=$("\${line[@]}" --generate-bash-completion 2>/dev/null)
  COMPREPLY=($(compgen -W "$candidates" -- "$word"))
}

complete -o bashdefault -o default -o nospace -F _cli_bash_autocomplete sops
`

const zsh = `
#compdef sops

_cli_zsh_autocomplete() {
  local -a line candidates
  line=("\${(@)words[1,CURRENT-1]}")
  if [[ "\${words[CURRENT]}" == -* ]]; then
    line+=("\${words[CURRENT]}")
  fi
  candidates=("\${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "\${line[@]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then
    _describe 'values' candidates
  else
    _files
  fi
}

compdef _cli_zsh_autocomplete sops
`

const fish = `
function __sops_complete
    set -l line (commandline -opc)
    set -l word (commandline -ct)
    if string match -q -- '-*' $word
        set -a line $word
    end
    command $line --generate-bash-completion 2>/dev/null
end

complete -c sops -a '(__sops_complete)'
`

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }

/** The shell is the last name of the command. */
export const completion: Command = command({
  args: '',
  flags: [],
  examples: [],
  run: async (inv, io) => {
    await io.out(Buffer.from(scripts[inv.command.at(-1)!]!))
    return 0
  },
})
