import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, Place, Start } from './agent.ts';
import { madeUpKey, prompt } from './agent.ts';
import { serverName } from './dialect.ts';
import { generateContentApi } from './generate-content-api.ts';

export const geminiCli: Agent = {
  title: 'Gemini CLI 0.61.0',
  package: '@google/gemini-cli@0.61.0',
  clientName: 'gemini-cli-mcp-client',
  dialect: generateContentApi,
  reflex: null,
  unwrap,
  prepare,
};

/** A result comes between tags; an error as the call and its whole result, as JSON in a sentence. */
function unwrap(raw: string): string {
  const plain = /^<untrusted_context>\n(?<text>.*)\n<\/untrusted_context>$/su.exec(raw)?.groups?.['text'];
  if (plain !== undefined) return plain;
  const [, json = '[]'] = raw.split('with response: ');
  const parts = JSON.parse(json) as { functionResponse: { response: { content: { text: string }[] } } }[];
  return parts.flatMap(({ functionResponse }) => functionResponse.response.content.map(({ text }) => text)).join('\n');
}

async function prepare({ tools, home, modelUrl, server: [command, ...args] }: Place): Promise<Start> {
  const settings = {
    security: { auth: { selectedType: 'gemini-api-key' } },
    mcpServers: { [serverName]: { command, args } },
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false },
  };
  await mkdir(join(home, '.gemini'));
  await writeFile(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
  const program = [process.execPath, tools.path('@google', 'gemini-cli', 'bundle', 'gemini.js')] as const;
  return {
    command: [...program, '-m', 'gemini-2.5-flash', '--yolo', '-p', prompt],
    env: {
      GEMINI_API_KEY: madeUpKey,
      GOOGLE_GEMINI_BASE_URL: modelUrl,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
      GEMINI_CLI_NO_RELAUNCH: 'true',
    },
  };
}
