import type { Scene } from './scene.ts';

export const configName = 'agent-vault.config.json';

export type Config = Record<string, unknown> & { vaults: Record<string, Record<string, unknown>>; webhooks: unknown[] };

/** The agent edits the project’s config. */
export async function edit(scene: Scene, change: (now: Config) => Record<string, unknown>): Promise<void> {
  const path = scene.inProject(configName);
  const now = JSON.parse(await scene.hands.read(path)) as Config;
  await scene.hands.write(path, JSON.stringify(change(now)));
}
