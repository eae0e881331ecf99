import { describe, expect, it } from 'vitest';
import { agentOfShell } from '../../src/cli/pair/agent-shell.ts';

describe('the shell of an agent', () => {
  it.each([
    ['CLAUDECODE', 'Claude Code'],
    ['GEMINI_CLI', 'Gemini CLI'],
    ['CURSOR_AGENT', 'Cursor'],
    ['CODEX_SANDBOX', 'Codex'],
    ['OPENCODE', 'OpenCode'],
  ])('is known by %s', (variable, agent) => {
    expect(agentOfShell({ PATH: '/bin', [variable]: '1' })).toBe(agent);
  });

  it('is none of a person’s, nor one in which the variable was emptied', () => {
    expect(agentOfShell({ PATH: '/bin', TERM: 'xterm' })).toBeNull();
    expect(agentOfShell({ CLAUDECODE: '' })).toBeNull();
  });
});
