export interface Variable {
  readonly name: string;
  /** What it can do to this process, to follow its name. */
  readonly does: string;
}

/** The variables that are set and let others into this process or its connections, by name and never with their values. */
export function tellingVariables(env: NodeJS.ProcessEnv): readonly Variable[] {
  return Object.keys(env)
    .filter((name) => env[name] !== '')
    .sort()
    .flatMap((name) => {
      const does = effects.find(({ names }) => names.test(name))?.does;
      return does === undefined ? [] : [{ name, does }];
    });
}

const effects: readonly { readonly does: string; readonly names: RegExp }[] = [
  {
    does: 'can load other code into this process',
    names: /^(LD_\w+|DYLD_\w+|OPENSSL_(CONF|MODULES|ENGINES)|NODE_(PATH|COMPILE_CACHE|REPL_EXTERNAL_MODULE))$/u,
  },
  { does: 'sets flags of Node’s', names: /^NODE_OPTIONS$/u },
  { does: 'turns off the check of certificates', names: /^NODE_TLS_REJECT_UNAUTHORIZED$/u },
  { does: 'chooses which certificates are trusted', names: /^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR)$/u },
  { does: 'leads connections through another host', names: /^((HTTPS?|ALL)_PROXY|NODE_USE_ENV_PROXY)$/iu },
  { does: 'prints what goes over connections', names: /^(NODE_DEBUG(_NATIVE)?|SSLKEYLOGFILE)$/u },
  { does: 'writes files about this process', names: /^NODE_(V8_COVERAGE|REDIRECT_WARNINGS)$/u },
];
