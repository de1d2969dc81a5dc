#!/usr/bin/env bash
# Decrypts FILE and hands its values to the steps after this one as environment variables, masked in their logs. All or nothing: names are
# checked first, then the masks go out, then GITHUB_ENV is written. No value is an argument of a program, in a file besides, or shown.
set +x -euo pipefail

# Data of a workflow command, in which a line feed would end it.
escaped() {
  local text=$1
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '%s' "$text"
}

fail() {
  printf '::error title=sops::%s\n' "$(escaped "$1")"
  exit 1
}

# By these, programs of later steps or the runner itself would load and run what the file names (src/cli/exec/steering.ts).
is_refused() {
  case $1 in
    PATH | PATHEXT | COMSPEC | HOME | SHELL | IFS | ENV | BASH_ENV | BASHOPTS | SHELLOPTS | PS4 | PROMPT_COMMAND | ZDOTDIR | FPATH | \
      CDPATH | GCONV_PATH | LOCPATH | GLIBC_TUNABLES | TERMINFO | NODE_OPTIONS | NODE_PATH | NODE_REPL_EXTERNAL_MODULE | \
      NODE_EXTRA_CA_CERTS | ELECTRON_RUN_AS_NODE | PYTHON* | VIRTUAL_ENV | PERL* | RUBY* | GEM_HOME | GEM_PATH | BUNDLE_GEMFILE | \
      PHPRC | PHP_INI_SCAN_DIR | LUA_* | R_* | TCLLIBPATH | JULIA_* | ERL_* | ELIXIR_ERL_OPTIONS | JAVA_TOOL_OPTIONS | \
      JDK_JAVA_OPTIONS | _JAVA_OPTIONS | JAVA_OPTS | JAVA_HOME | CLASSPATH | MAVEN_OPTS | GRADLE_OPTS | SBT_OPTS | SCALA_HOME | \
      DOTNET_* | PSMODULEPATH | PSModulePath | GOFLAGS | GOROOT | RUSTC* | RUSTFLAGS | CARGO_HOME | MAKEFLAGS | MAKEFILES | \
      OPENSSL_* | GTK_* | GIO_EXTRA_MODULES | QT_PLUGIN_PATH | EDITOR | VISUAL | PAGER | MANPAGER | LESS* | BROWSER | SSH_ASKPASS | \
      SUDO_ASKPASS | RSYNC_RSH | CVS_RSH | SVN_SSH | VIMINIT | EXINIT | VIMRUNTIME | XDG_CONFIG_* | SOPS_EDITOR | SOPS_GPG_EXEC | \
      SOPS_*_CMD | GNUPGHOME | BUN_* | JRUBY_OPTS | TRUFFLERUBYOPT | AWS_CONFIG_FILE | KUBECONFIG | DOCKER_CONFIG | HELM_PLUGINS | \
      TF_CLI_CONFIG_FILE | RIPGREP_CONFIG_PATH | FZF_DEFAULT_* | CC | CXX | NIX_PATH | LD_* | DYLD_* | BASH_FUNC_* | COR_* | CORECLR_* | \
      COMPLUS_* | [nN][pP][mM]_[cC][oO][nN][fF][iI][gG]_*) return 0 ;;
    GIT_SSH* | GIT_EXTERNAL_DIFF | GIT_*EDITOR | GIT_PAGER | GIT_ASKPASS | GIT_EXEC_PATH | GIT_TEMPLATE_DIR | GIT_PROXY_COMMAND | \
      GIT_CONFIG* | GIT_DIR | GIT_WORK_TREE | GIT_COMMON_DIR | GIT_OBJECT_DIRECTORY | GIT_ALTERNATE_OBJECT_DIRECTORIES) return 0 ;;
    # The shell that starts `env` sets these itself.
    PWD | OLDPWD | SHLVL | _) return 0 ;;
    GITHUB_TOKEN) return 1 ;;
    GITHUB_* | RUNNER_* | ACTIONS_*) return 0 ;;
  esac
  return 1
}

# A log is masked line by line, so each line is a secret of its own. Those of brackets and dashes alone would blot out half the log, and are
# none, unless they are all there is.
mask() {
  local value=$1 rest=$1 line
  while [[ -n $rest ]]; do
    line=${rest%%$'\n'*}
    if [[ $rest == *$'\n'* ]]; then rest=${rest#*$'\n'}; else rest=; fi
    line=${line%$'\r'}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    [[ -n $line ]] || continue
    [[ $line =~ [[:alnum:]] || $value != *$'\n'* ]] || continue
    printf '::add-mask::%s\n' "$(escaped "$line")"
  done
}

file=${FILE:?}
[[ $file != -* ]] || file=./$file
[[ -f $file ]] || fail "$file is no file"

# The names, in which form each value is one line: a shell drops those that are none to it, and sets some of its own.
names=()
document=$(sops decrypt --output-type dotenv "$file")
while IFS= read -r line; do
  [[ -n $line && $line != '#'* ]] || continue
  name=${line%%=*}
  [[ $line == *=* ]] || fail "$file holds more than names and values"
  [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || fail "$file: $name cannot be the name of a variable"
  ! is_refused "$name" || fail "$file: $name is refused, as programs are steered by it; give it to one command with sops exec-env"
  names+=("$name")
done < <(printf '%s\n' "$document")
unset document line
if ((${#names[@]} == 0)); then
  printf 'sops: no variables in %s\n' "$file"
  exit 0
fi

# Reads the variables of a program that has those of the file, and hands on these.
publish() {
  local pair name delimiter at values=()
  while IFS= read -r -d '' pair; do
    for ((at = 0; at < ${#names[@]}; at++)); do
      if [[ ${names[at]} == "${pair%%=*}" ]]; then values[at]=${pair#*=}; fi
    done
  done
  ((${#values[@]} == ${#names[@]})) || fail "$file cannot be given to a program"
  for ((at = 0; at < ${#names[@]}; at++)); do mask "${values[at]}"; done
  # Nobody who writes the file can know it, and so end a value early.
  delimiter=sops_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  for ((at = 0; at < ${#names[@]}; at++)); do
    printf '%s<<%s\n%s\n%s\n' "${names[at]}" "$delimiter" "${values[at]}" "$delimiter"
  done >> "$GITHUB_ENV"
  printf 'sops: %s variables from %s\n' "${#names[@]}" "$file"
}
sops exec-env --pristine "$file" "exec '$(command -v env)' -0" | publish
