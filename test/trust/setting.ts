import { existsSync, mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { PolicyLine } from '../../src/core/policies.ts';
import type { Approver } from '../../src/core/request.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Changed, Trust } from '../../src/trust/trust.ts';
import { openTrust } from '../../src/trust/trust.ts';
import { Folder } from '../config/folder.ts';

export const person: Approver = { name: "Anna's phone", factor: 'passkey' };
export const local = { type: 'env', file: '.env.secrets', ttl: 15 };
export const hook = {
  url: 'https://logs.example.com/events/path',
  authorization: 'env:OP_SERVICE_ACCOUNT_TOKEN',
};

/** A project with a config, and a state folder that stays from one run to the next. */
export class Setting {
  readonly folder = new Folder();
  readonly state = join(this.folder.path, 'state');
  readonly file = join(this.folder.cwd, 'agent-vault.config.json');
  /** What comes before the config is read again. */
  reloading = (): Promise<void> => Promise.resolve();
  /** Whether the state folder is missing. */
  gone = false;
  env: Record<string, string> = { OP_SERVICE_ACCOUNT_TOKEN: 'ops_token' };

  constructor() {
    mkdirSync(this.state, { mode: 0o700 });
  }

  /** Writes the project's config. */
  write(content: unknown): void {
    const path = this.folder.write('project/agent-vault.config.json', content);
    this.#age(path);
  }

  limits(content: unknown): void {
    this.#age(this.folder.write('state/limits.json', content));
  }

  /** A start of the server. */
  async start(cwd = this.folder.cwd): Promise<Run> {
    const where = { cwd, env: { ...this.env }, home: this.folder.home };
    const changes: Changed[] = [];
    let said = '';
    const config = await loadConfig(where);
    const trust = await openTrust({
      config,
      reload: async () => {
        await this.reloading();
        return loadConfig(where);
      },
      stateFolder: this.gone ? join(this.state, 'gone') : this.state,
      clock: systemClock,
      log: createLog((text) => (said += text)),
      onChange: (changed) => changes.push(changed),
    });
    return new Run({ config, trust, changes, said: () => said });
  }

  /** A start, a person who approves all that the config allows, and a look that finds nothing new. */
  async approved(content: unknown): Promise<Run> {
    this.write(content);
    const run = await this.start();
    await run.approve();
    await run.trust.look();
    return run;
  }

  /** What is kept on disk. */
  kept(): string {
    const file = join(this.state, 'trust.json');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  remove(): void {
    this.folder.remove();
  }

  /** Some file systems keep times by the tick: two writes within one would look like one. */
  #age(path: string): void {
    const { mtimeMs } = statSync(path);
    this.#ticks += 1;
    utimesSync(path, new Date(), new Date(mtimeMs + this.#ticks * 1000));
  }

  #ticks = 0;
}

interface Started {
  readonly config: Config;
  readonly trust: Trust;
  readonly changes: readonly Changed[];
  readonly said: () => string;
}

export class Run {
  readonly config: Config;
  readonly trust: Trust;
  readonly changes: readonly Changed[];
  readonly said: () => string;

  constructor({ config, trust, changes, said }: Started) {
    this.config = config;
    this.trust = trust;
    this.changes = changes;
    this.said = said;
  }

  /** Approves what is proposed; fails if nothing is. */
  async approve(): Promise<void> {
    const digest = this.trust.proposal()?.digest ?? 'nothing is proposed';
    if (!(await this.trust.accept(digest, person))) throw new Error(digest);
  }

  vault(name = 'local'): Config['vaults'][number] {
    const found = this.trust.inForce().vaults.find((vault) => vault.name === name);
    if (found === undefined) throw new Error(`no vault ${name}`);
    return found;
  }

  names(): string[] {
    return this.trust.inForce().vaults.map(({ name }) => name);
  }

  minutes(name?: string): number {
    return this.vault(name).policy.ttlMs / 60_000;
  }

  /** The vaults whose windows had to close, in the order in which they had to. */
  closed(): string[] {
    return this.changes.flatMap(({ vaults }) => [...vaults]);
  }

  posts(): string[] {
    return this.trust.inForce().webhooks.map(({ url }) => url);
  }

  lines(): readonly PolicyLine[] {
    return this.trust.proposal()?.lines ?? [];
  }

  says(): string[] {
    return this.lines().map(({ subject, says }) => `${subject}: ${says}`);
  }
}
