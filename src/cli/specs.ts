/** The commands, their flags, and what `--help` says of them. */
export const usage = `agent-vault: a person's yes between AI coding agents and secrets

Usage
  agent-vault                 MCP server over stdio, for a client's config (see below)
  agent-vault demo            the whole way once, in a sandbox: ask, tap, receive, remember, record
      --auto                  taps by itself (also when there is no terminal)
      --keep DIR              leaves the sandbox (config, env file, database) in DIR
  agent-vault pair            makes a phone the one that approves: a QR code, a passkey, a fingerprint to compare
      --name NAME             what it is called, such as "Anna's phone"
      --totp                  an authenticator app instead, for an address that changes at every start
      --list                  who may approve
      --remove NAME           takes one away
      --reset                 takes all away: nothing can be approved until you pair again
  agent-vault doctor          checks the set-up and says how far it protects; changes nothing
      --json                  for programs; the exit code is 1 if something is broken
  agent-vault --help | --version

Add it to a client
  Claude Code                 claude mcp add agent-vault -- npx -y agent-vault
  Codex                       codex mcp add agent-vault -- npx -y agent-vault
  others                      command "npx", arguments ["-y", "agent-vault"]

Config: AGENT_VAULT_CONFIG, ./agent-vault.config.json, or ~/.agent-vault.config.json
  { "vaults": { "local": { "type": "env", "file": ".env.secrets", "ttl": 30 } } }
`;

export const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  auto: { type: 'boolean' },
  keep: { type: 'string' },
  name: { type: 'string' },
  totp: { type: 'boolean' },
  list: { type: 'boolean' },
  remove: { type: 'string' },
  reset: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** Which flags belong to which command. */
export const flagsOf: Readonly<Record<string, readonly string[]>> = {
  mcp: [],
  demo: ['auto', 'keep'],
  pair: ['name', 'totp', 'list', 'remove', 'reset'],
  doctor: ['json'],
};

/** Flags of which only one makes sense at a time. */
export const alternatives: readonly (readonly string[])[] = [
  ['totp', 'list', 'remove', 'reset'],
  ['name', 'list', 'remove', 'reset'],
];
