import { expect, it } from 'vitest';
import { unwritableName } from '../../src/providers/env-file-names.ts';

it.each([
  'STRIPE_KEY',
  'GIT_TOKEN',
  'GITHUB_TOKEN',
  'NODE_ENV',
  'PATHS',
  'DB.password',
  'next-auth-secret',
  '2FA_SEED',
  'constructor',
  'OP_TOKEN',
])('lets %s be written', (name) => expect(unwritableName(name)).toBeNull());

it.each(
  `NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_PATH LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES PATH IFS ENV
  BASH_ENV SHELLOPTS PS4 PROMPT_COMMAND PYTHONPATH PYTHONSTARTUP PYTHONHOME PERL5LIB PERL5OPT RUBYOPT RUBYLIB JAVA_TOOL_OPTIONS
  _JAVA_OPTIONS GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS GIT_EXEC_PATH GIT_CONFIG GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_EDITOR GIT_PAGER
  GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_TEMPLATE_DIR SSH_ASKPASS EDITOR PAGER BROWSER HTTP_PROXY HTTPS_PROXY ALL_PROXY
  npm_config_script_shell DOTENV_PATH AGENT_VAULT_STATE http_proxy Path`.split(/\s+/u),
)('refuses %s, by which code could be run', (name) => expect(unwritableName(name)).toMatch(/other code/u));

it.each(['', 'a b', 'A=B', 'KEY\nNODE_OPTIONS', 'clé', 'a\0', '#', 'BASH_FUNC_x%%'])(
  'refuses %j, which dotenv cannot read',
  (name) => expect(unwritableName(name)).toMatch(/not a name/u),
);

it('refuses the name that dotenv drops and the key of dotenvx', () => {
  expect(unwritableName('__proto__')).toMatch(/drops/u);
  expect(unwritableName('DOTENV_PUBLIC_KEY_PRODUCTION')).toMatch(/dotenvx/u);
});
