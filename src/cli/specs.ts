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
  agent-vault audit list      what happened, as a table: the newest rows, oldest first
      --since TIME            from then on: 2026-11-20, 2026-11-20T04:40 (UTC), or so long ago: 90m, 24h, 7d
      --until TIME            before then
      --vault NAME            in this vault
      --name SECRET           about this secret
      --action ACTION         such as approved; several: approved,denied
      --session ID            of one run of an agent
      --agent NAME            of agents that call themselves this
      --approver NAME         decided by this person
      --limit N               at most so many rows (50; with a time: 1000)
      --csv                   for spreadsheets
      --json                  for programs
  agent-vault audit show ID   all about one request, or about the row of this number: what was decided, and whether it was signed
  agent-vault audit stats     how often what happened: per action, vault, agent and day; takes the filters of list
  agent-vault audit tail      the last 10 rows; takes the filters of list
      --follow, -f            and those that come
  agent-vault audit export    the whole log as lines of JSON that can be checked without SQLite
      --jsonl                 the only format there is
  agent-vault audit verify [FILE]
                              checks the log, a copy or an export: exit code 0 intact, 1 tampered, 2 unreadable,
                              3 intact, but nobody else could say whether rows at its end are missing
      --anchors FILE          what others have kept: checkpoints, or events that webhooks received
      --key VKEY              public key that checkpoints are signed with, as doctor shows it; of this machine by default
  agent-vault audit prune     removes the oldest rows, and keeps a signed note of that
      --before TIME           those from before then
      --yes                   without asking
  agent-vault webhooks list   who is told, and what waits for them
  agent-vault webhooks retry [ENDPOINT]
                              lets wait again what was given up, and enables what was disabled
  agent-vault webhooks replay [ENDPOINT]
                              sends again what was committed
      --since TIME            from then on
  agent-vault webhooks test ENDPOINT
                              sends one event that says that it is a test
      --file FILE             with audit and webhooks: another database than the config's
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
  since: { type: 'string' },
  until: { type: 'string' },
  vault: { type: 'string' },
  action: { type: 'string' },
  session: { type: 'string' },
  agent: { type: 'string' },
  approver: { type: 'string' },
  limit: { type: 'string' },
  csv: { type: 'boolean' },
  follow: { type: 'boolean', short: 'f' },
  jsonl: { type: 'boolean' },
  anchors: { type: 'string', multiple: true },
  key: { type: 'string', multiple: true },
  before: { type: 'string' },
  yes: { type: 'boolean' },
  file: { type: 'string' },
} as const;

/** What the commands that look at rows choose them by. */
const filters = ['since', 'until', 'vault', 'name', 'action', 'session', 'agent', 'approver'] as const;

/** Which flags belong to which command. */
export const flagsOf: Readonly<Record<string, readonly string[]>> = {
  mcp: [],
  demo: ['auto', 'keep'],
  pair: ['name', 'totp', 'list', 'remove', 'reset'],
  doctor: ['json'],
  'audit list': [...filters, 'limit', 'csv', 'json', 'file'],
  'audit show': ['json', 'file'],
  'audit stats': [...filters, 'json', 'file'],
  'audit tail': [...filters, 'limit', 'follow', 'json', 'file'],
  'audit export': ['jsonl', 'file'],
  'audit verify': ['anchors', 'key', 'json', 'file'],
  'audit prune': ['before', 'yes', 'file'],
  'webhooks list': ['json', 'file'],
  'webhooks retry': ['file'],
  'webhooks replay': ['since', 'file'],
  'webhooks test': [],
};

/** What belongs to a command without being a flag; nothing, where it is not listed. */
export const operandsOf: Readonly<Record<string, Operands>> = {
  'audit show': { what: 'an ID', least: 1, most: 1 },
  'audit verify': { what: 'one FILE', least: 0, most: 1 },
  'webhooks retry': { what: 'one ENDPOINT', least: 0, most: 1 },
  'webhooks replay': { what: 'one ENDPOINT', least: 0, most: 1 },
  'webhooks test': { what: 'an ENDPOINT', least: 1, most: 1 },
};

interface Operands {
  /** In words: "takes ...". */
  readonly what: string;
  readonly least: number;
  readonly most: number;
}

/** Flags of which only one makes sense at a time. */
export const alternatives: readonly (readonly string[])[] = [
  ['totp', 'list', 'remove', 'reset'],
  ['name', 'list', 'remove', 'reset'],
  ['csv', 'json'],
];
