import type { Agent, Place, Start } from './agent.ts';
import { madeUpKey, prompt } from './agent.ts';
import { serverName } from './dialect.ts';
import { responsesApi, responsesApiWithScripts } from './responses-api.ts';

const common = {
  package: '@openai/codex@0.169.0',
  clientName: 'codex-mcp-client',
  reflex: 'decline',
} as const;

/** For a model that Codex does not know, it offers tools one by one. */
export const codex: Agent = {
  ...common,
  title: 'Codex 0.169.0',
  dialect: responsesApi,
  unwrap: (raw) => raw,
  prepare: async (place) => start(place, 'a-scripted-model'),
};

/** For its default model it leaves tools out and has that write scripts which find and call them. */
export const codexWithScripts: Agent = {
  ...common,
  title: 'Codex 0.169.0 with its default model',
  dialect: responsesApiWithScripts,
  unwrap: (raw) => (JSON.parse(raw) as { content: { text: string }[] }).content.map(({ text }) => text).join('\n'),
  prepare: async (place) => start(place, null),
};

function start({ tools, modelUrl, server: [command, ...args] }: Place, model: string | null): Start {
  const settings = [
    'model_provider="scripted"',
    `model_providers.scripted={name="scripted",base_url="${modelUrl}/v1",env_key="MODEL_KEY",wire_api="responses"}`,
    `mcp_servers.${serverName}.command=${JSON.stringify(command)}`,
    `mcp_servers.${serverName}.args=${JSON.stringify(args)}`,
    // Without it every call of a tool is refused for want of a person.
    `mcp_servers.${serverName}.default_tools_approval_mode="approve"`,
  ];
  const program = [process.execPath, tools.path('@openai', 'codex', 'bin', 'codex.js')] as const;
  const options = [...settings.flatMap((setting) => ['-c', setting]), ...(model === null ? [] : ['-m', model])];
  return {
    command: [...program, 'exec', '--skip-git-repo-check', ...options, prompt],
    env: { MODEL_KEY: madeUpKey },
  };
}
