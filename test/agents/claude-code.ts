import type { Agent, Place, Start } from './agent.ts';
import { madeUpKey, prompt } from './agent.ts';
import { serverName } from './dialect.ts';
import { messagesApi } from './messages-api.ts';

export const claudeCode: Agent = {
  title: 'Claude Code 2.1.328',
  package: '@anthropic-ai/claude-code@2.1.328',
  clientName: 'claude-code',
  dialect: messagesApi,
  reflex: 'cancel',
  unwrap: (raw) => raw,
  prepare: async (place) => start(place),
};

function start({ tools, modelUrl, server: [command, ...args] }: Place): Start {
  const config = JSON.stringify({ mcpServers: { [serverName]: { command, args } } });
  const program = tools.path('@anthropic-ai', `claude-code-${process.platform}-${process.arch}`, 'claude');
  const servers = ['--mcp-config', config, '--strict-mcp-config', '--allowedTools', `mcp__${serverName}`];
  return {
    command: [program, '-p', prompt, ...servers],
    env: {
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: madeUpKey,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      // Else the model has to search for tools before it sees them.
      ENABLE_TOOL_SEARCH: 'false',
    },
  };
}
