import { expect, it } from 'vitest';
import { budgetMs } from '../../src/mcp/budget.ts';

it.each([
  ['claude-code', null, Infinity],
  ['codex-mcp-client', null, 280_000],
  ['claude-ai', null, 220_000],
  ['gemini-cli-mcp-client', null, 580_000],
  ['anything else', null, 50_000],
  ['', null, 50_000],
  ['claude-code', 20_000, 20_000],
  ['anything else', 90_000, 90_000],
])('%s may block for its budget, unless the config says otherwise (%s): %s', (client, configured, expected) => {
  expect(budgetMs(client, configured)).toBe(expected);
});
