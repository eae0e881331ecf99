import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { VaultError } from '../../src/core/errors.ts';

/** A temporary folder with a working directory and a home, and configs loaded from there. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'config-'));
  readonly cwd = join(this.path, 'project');
  readonly home = join(this.path, 'home');

  constructor() {
    mkdirSync(this.cwd);
    mkdirSync(this.home);
  }

  /** @param name relative to the folder */
  write(name: string, content: unknown): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    );
    return file;
  }

  load(env: Record<string, string> = {}): Promise<Config> {
    return loadConfig({ cwd: this.cwd, env, home: this.home });
  }

  /** Loads this as the project's config. */
  config(content: unknown, env: Record<string, string> = {}): Promise<Config> {
    this.write('project/agent-vault.config.json', content);
    return this.load(env);
  }

  /** Why it is refused. */
  async refusal(content: unknown, env: Record<string, string> = {}): Promise<VaultError> {
    return refused(this.config(content, env));
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

export async function refused(loading: Promise<unknown>): Promise<VaultError> {
  const thrown: unknown = await loading.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof VaultError)) throw new Error('it was not refused with a VaultError', { cause: thrown });
  return thrown;
}
