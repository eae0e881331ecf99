import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PluginContext } from '../../src/core/plugin.ts';
import type { Provider, Writer } from '../../src/core/ports.ts';
import type { PlannedWrite } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import { envFile } from '../../src/providers/env-file.ts';

export const call = { signal: new AbortController().signal };

/** A provider on a file in its own folder, and what it said to the operator. */
export interface EnvBench {
  readonly folder: string;
  readonly path: string;
  readonly provider: Provider;
  readonly writer: Writer;
  readonly said: string[];
  readonly text: () => Promise<string>;
  readonly set: (values: Record<string, string>) => Promise<void>;
  readonly plan: (values: Record<string, string>) => Promise<readonly PlannedWrite[]>;
}

export interface BenchOptions {
  /** As the config names it. */
  readonly file?: string;
  readonly mode?: number;
}

/** @param text what the file holds at first; null for no file */
export async function envBench(
  text: string | Buffer | null,
  { file = '.env.secrets', mode = 0o600 }: BenchOptions = {},
): Promise<EnvBench> {
  const folder = await temporaryFolder();
  const path = join(folder, '.env.secrets');
  if (text !== null) await writeFile(path, text);
  if (text !== null) await chmod(path, mode);
  return openBench(folder, file, path);
}

export async function openBench(folder: string, file: string, path = join(folder, file)): Promise<EnvBench> {
  const said: string[] = [];
  const provider = await envFile.open({ file }, contextFor(folder, said));
  const { writer } = provider;
  if (writer === undefined) throw new Error('the env provider has a writer');
  const plan: EnvBench['plan'] = (values) =>
    writer.plan(
      Object.entries(values).map(([name, value]) => ({ name, value: new Secret(value) })),
      call,
    );
  const set: EnvBench['set'] = async (values) => writer.write(await plan(values), call);
  return { folder, path, provider, writer, said, text: () => readFile(path, 'utf8'), set, plan };
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-env-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** @param said receives each text once, as the log would print it */
export function contextFor(folder: string, said: string[]): PluginContext {
  const say = (message: string): void => {
    if (!said.includes(message)) said.push(message);
  };
  const log = { say, warn: say, once: say };
  return { place: 'local', folder, clock, random, log };
}

const clock: PluginContext['clock'] = {
  wall: Date.now,
  monotonic: () => performance.now(),
  after: () => () => undefined,
};
const random: PluginContext['random'] = { id: () => 'fixed', bytes: (length) => new Uint8Array(length) };
