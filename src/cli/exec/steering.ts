// Variables that make programs load or run what they name. Since encrypting takes only public keys, anybody can write a file that sets them
// and opens here.

/** Variables of the dynamic linker, shells, interpreters, runtimes, git, pagers, editors and browsers. */
const names = [
  ...['PATH', 'PATHEXT', 'COMSPEC', 'HOME', 'SHELL', 'IFS', 'ENV', 'BASH_ENV', 'BASHOPTS', 'SHELLOPTS', 'PS4'],
  ...['PROMPT_COMMAND', 'ZDOTDIR', 'FPATH', 'CDPATH', 'GCONV_PATH', 'LOCPATH', 'GLIBC_TUNABLES', 'TERMINFO'],
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE', 'NODE_EXTRA_CA_CERTS', 'ELECTRON_RUN_AS_NODE'],
  ...['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONUSERBASE', 'PYTHONINSPECT', 'PYTHONBREAKPOINT'],
  ...['PYTHONWARNINGS', 'PYTHONEXECUTABLE', 'PYTHONPLATLIBDIR', 'VIRTUAL_ENV', 'PERL5OPT', 'PERL5LIB', 'PERLLIB'],
  ...['PERL5DB', 'PERL5SHELL', 'RUBYOPT', 'RUBYLIB', 'RUBYSHELL', 'GEM_HOME', 'GEM_PATH', 'BUNDLE_GEMFILE', 'PHPRC'],
  ...['PHP_INI_SCAN_DIR', 'LUA_INIT', 'LUA_PATH', 'LUA_CPATH', 'R_HOME', 'R_PROFILE', 'R_PROFILE_USER', 'R_ENVIRON'],
  ...[
    'R_LIBS',
    'TCLLIBPATH',
    'JULIA_LOAD_PATH',
    'JULIA_DEPOT_PATH',
    'ERL_FLAGS',
    'ERL_AFLAGS',
    'ERL_ZFLAGS',
    'ERL_LIBS',
  ],
  ...['ELIXIR_ERL_OPTIONS', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'JAVA_OPTS', 'JAVA_HOME'],
  ...['CLASSPATH', 'MAVEN_OPTS', 'GRADLE_OPTS', 'SBT_OPTS', 'SCALA_HOME', 'DOTNET_STARTUP_HOOKS', 'DOTNET_ROOT'],
  ...['DOTNET_ADDITIONAL_DEPS', 'DOTNET_SHARED_STORE', 'PSMODULEPATH', 'GOFLAGS', 'GOROOT', 'RUSTC', 'RUSTC_WRAPPER'],
  ...[
    'RUSTC_WORKSPACE_WRAPPER',
    'RUSTFLAGS',
    'CARGO_HOME',
    'MAKEFLAGS',
    'MAKEFILES',
    'OPENSSL_CONF',
    'OPENSSL_MODULES',
  ],
  ...['OPENSSL_ENGINES', 'GTK_MODULES', 'GTK_PATH', 'GIO_EXTRA_MODULES', 'QT_PLUGIN_PATH', 'EDITOR', 'VISUAL', 'PAGER'],
  ...['MANPAGER', 'LESSOPEN', 'LESSCLOSE', 'BROWSER', 'SSH_ASKPASS', 'SUDO_ASKPASS', 'RSYNC_RSH', 'CVS_RSH', 'SVN_SSH'],
  ...['VIMINIT', 'EXINIT', 'VIMRUNTIME', 'XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS', 'SOPS_EDITOR', 'SOPS_GPG_EXEC'],
  ...['SOPS_AGE_KEY_CMD', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', 'GNUPGHOME', 'BUN_OPTIONS', 'JRUBY_OPTS', 'TRUFFLERUBYOPT'],
  // Configuration files that can name programs: credential helpers, plugins, filters.
  ...['AWS_CONFIG_FILE', 'KUBECONFIG', 'DOCKER_CONFIG', 'HELM_PLUGINS', 'TF_CLI_CONFIG_FILE', 'RIPGREP_CONFIG_PATH'],
  ...['FZF_DEFAULT_COMMAND', 'FZF_DEFAULT_OPTS', 'LESSKEY', 'LESSKEYIN', 'CC', 'CXX', 'NIX_PATH'],
]

const families = new RegExp(
  `^(?:${[
    'LD_.*',
    'DYLD_.*',
    'BASH_FUNC_.*',
    'GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|EDITOR|SEQUENCE_EDITOR|PAGER|ASKPASS|EXEC_PATH|TEMPLATE_DIR|PROXY_COMMAND)',
    'GIT_(?:CONFIG.*|DIR|WORK_TREE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES)',
    'NPM_CONFIG_(?:NODE_OPTIONS|SCRIPT_SHELL|USERCONFIG|GLOBALCONFIG|PREFIX|SHELL|GIT|EDITOR|VIEWER|INIT_MODULE)',
    '(?:COR|CORECLR|COMPLUS)_(?:ENABLE_PROFILING|PROFILER.*)',
  ].join('|')})$`,
  's',
)

const known: ReadonlySet<string> = new Set(names)

/** Which of the names do that; on Windows in any case. */
export const steeringNames = (given: readonly string[], platform: NodeJS.Platform): readonly string[] =>
  given.filter((name) => {
    // npm also reads its variables in lower case.
    const upper = platform === 'win32' || /^npm_config_/i.test(name) ? name.toUpperCase() : name
    return known.has(upper) || families.test(upper)
  })
