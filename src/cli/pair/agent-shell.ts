/**
 * Variables that coding agents set for the commands they run, and whose they are. Codex sets several, depending on how it runs;
 * AI_AGENT is meant for any.
 */
const markers: ReadonlyMap<string, string> = new Map([
  ['CLAUDECODE', 'Claude Code'],
  ['GEMINI_CLI', 'Gemini CLI'],
  ['CURSOR_AGENT', 'Cursor'],
  ['CODEX_SANDBOX', 'Codex'],
  ['CODEX_SANDBOX_NETWORK_DISABLED', 'Codex'],
  ['CODEX_THREAD_ID', 'Codex'],
  ['CODEX_CI', 'Codex'],
  ['OPENCODE', 'OpenCode'],
  ['AI_AGENT', 'an AI agent'],
]);

/**
 * Whose shell this is, if an agent's; null otherwise. A courtesy to those who ask an agent to pair for them, not a boundary: a
 * program that wants to can unset a variable and open a pseudo-terminal, which is why pairing counts as writing the vault's files.
 */
export function agentOfShell(env: Readonly<Record<string, string | undefined>>): string | null {
  for (const [name, agent] of markers) if ((env[name] ?? '') !== '') return agent;
  return null;
}
