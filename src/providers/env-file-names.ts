/** Why a name must not be written to an env file, in words that go after "it"; null if it may. */
export function unwritableName(name: string): string | null {
  if (!/^[\w.-]+$/u.test(name)) return 'is not a name that env files can hold: letters, digits, "_", "." and "-"';
  if (name === '__proto__') return 'is a name that dotenv drops';
  const upper = name.toUpperCase();
  if (upper.startsWith('DOTENV_PUBLIC_KEY')) return 'is the key with which dotenvx encrypts the file';
  return isDangerous(upper) ? 'is a name by which programs that load the file can be made to run other code' : null;
}

/** Whoever chooses the value of one of these chooses what the next program runs, loads, trusts or talks to. */
const dangerous: ReadonlySet<string> = new Set(
  `NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_PATH NODE_REPL_EXTERNAL_MODULE
  PATH IFS ENV HOME SHELL SHELLOPTS BASHOPTS BASH_ENV ZDOTDIR PS4 PROMPT_COMMAND
  PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONBREAKPOINT PERL5LIB PERL5OPT PERL5DB PERLLIB RUBYOPT RUBYLIB
  JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS GCONV_PATH GLIBC_TUNABLES OPENSSL_CONF OPENSSL_MODULES
  SSH_ASKPASS SUDO_ASKPASS EDITOR VISUAL PAGER BROWSER LESSOPEN LESSCLOSE
  HTTP_PROXY HTTPS_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE
  GIT_ASKPASS GIT_EXEC_PATH GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_TEMPLATE_DIR
  GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_ALLOW_PROTOCOL`.split(
    /\s+/u,
  ),
);
const dangerousBeginnings = [
  'LD_',
  'DYLD_',
  'GIT_SSH',
  'GIT_CONFIG',
  'GIT_SSL_',
  'GIT_TRACE',
  'NPM_CONFIG_',
  'DOTENV_',
  'AGENT_VAULT_',
];

/** @param upper in upper case: Windows does not tell cases apart, curl and npm read some names in lower case */
function isDangerous(upper: string): boolean {
  return dangerous.has(upper) || dangerousBeginnings.some((beginning) => upper.startsWith(beginning));
}
