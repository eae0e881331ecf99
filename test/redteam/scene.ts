import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { NgrokEdge } from '../support/ngrok-edge.ts';
import type { ConnectOptions, TestClient } from '../support/vault.ts';
import { mainFile, TestVault } from '../support/vault.ts';
import type { Account } from './hands.ts';
import { Hands, isRoot } from './hands.ts';
import type { Person } from './person.ts';
import type { Posted } from './sink.ts';
import type { Site } from './site.ts';
import { pathOf, Visitor } from './visitor.ts';

/** What the agent is after: the value of API_KEY, and the tokens that the broker holds. */
export const canary = `CANARY-${randomBytes(12).toString('hex')}`;
export const tokens = { NGROK_TOKEN: `2token_${canary}`, LOG_KEY: `Bearer log_${canary}` };
export const domain = 'vault.example.test';

/** What all attacks on one set-up share. */
export interface World {
  readonly site: Site;
  readonly edge: NgrokEdge;
  /** The authority behind the edge’s certificate. */
  readonly caFile: string;
  /** Of the approval pages. */
  readonly port: number;
  readonly person: Person;
  /** What has come to the webhook that the person approved. */
  readonly posted: readonly Posted[];
  browser(): Promise<Browser>;
}

/** A request that waits for the person. */
export interface Asked {
  readonly link: string;
  readonly path: string;
  readonly id: string;
  readonly answer: Promise<string>;
}

/** One attack's stage: nothing of an earlier attack is left on it. */
export class Scene {
  readonly world: World;
  readonly site: Site;
  readonly person: Person;
  readonly port: number;
  readonly hands: Hands;
  readonly vault: TestVault;
  readonly #closing: (() => Promise<void> | void)[] = [];

  constructor(world: World) {
    this.world = world;
    ({ site: this.site, person: this.person, port: this.port } = world);
    this.hands = new Hands(this.site.agent, { PATH: process.env['PATH'] ?? '' });
    this.vault = TestVault.at(this.site.project, { PATH: process.env['PATH'] ?? '', ...tokens });
  }

  /** The agent's client starts the broker as the person set it up. */
  start(options: ConnectOptions = {}): Promise<TestClient> {
    return this.#connect(this.vault, this.site.owner, options);
  }

  /** The person starts a broker in another folder. */
  startIn(vault: TestVault, options: ConnectOptions = {}): Promise<TestClient> {
    return this.#connect(vault, this.site.owner, options);
  }

  /** The agent starts a broker of its own in the same place, as far as its account can. */
  launch(options: ConnectOptions = {}): Promise<TestClient> {
    return this.#connect(this.vault, this.site.agent, options);
  }

  /** Calls get_secret and waits until the person has been told. */
  async ask(client: TestClient, name = 'API_KEY', nth = 1): Promise<Asked> {
    const answer = client.get(name).then(({ text }) => text);
    answer.catch(() => undefined);
    const link = await client.link(nth);
    return { link, path: pathOf(link), id: /approve\/([\w-]+)/u.exec(link)?.[1] ?? '', answer };
  }

  /** Calls get_secret: whether the value came although nobody was asked. */
  async readsUnasked(client: TestClient, name = 'API_KEY', nth = 1): Promise<boolean> {
    const answer = client.get(name).then(({ text }) => text.includes(canary));
    answer.catch(() => undefined);
    return Promise.race([answer, client.link(nth).then(() => false)]);
  }

  /** Whether the request came to be approved; then its value must have come too. */
  async wasApproved({ id, answer }: Asked): Promise<boolean> {
    const isApproved = this.vault.rows().some((row) => row['action'] === 'approved' && row['request_id'] === id);
    return isApproved && (await answer).includes(canary);
  }

  /** The person lets another secret be read for a while, and nothing else. */
  async approvesOther(client: TestClient): Promise<void> {
    const asked = await this.ask(client, 'OTHER');
    const { status } = await this.person.decide(this.visitor(), asked.path, { scope: 'secret' });
    if (status !== 303 || (await asked.answer) !== 'something else')
      throw new Error(`the person’s own approval did not count: ${status}`);
  }

  /** A browser at the public address, or elsewhere. Whoever speaks to the port can name any host. */
  visitor(origin = `https://${domain}`, headers: Readonly<Record<string, string>> = {}): Visitor {
    return new Visitor(this.port, origin, headers);
  }

  /** A page of a browser that reaches the public address, and has been nowhere yet. */
  async page(): Promise<Page> {
    const context = await (await this.world.browser()).newContext({ ignoreHTTPSErrors: true });
    this.onClose(() => context.close());
    return context.newPage();
  }

  /** The process of the broker itself. */
  pid(client: TestClient): number {
    return client.transport.pid ?? 0;
  }

  inProject(name: string): string {
    return join(this.site.project, name);
  }

  inState(name: string): string {
    return join(this.site.state, name);
  }

  /** Closed with the scene, the last one first. */
  onClose(close: () => Promise<void> | void): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    this.hands.close();
  }

  async #connect(vault: TestVault, account: Account, options: ConnectOptions): Promise<TestClient> {
    const command = options.command ?? [process.execPath, mainFile];
    const client = await vault.connect({ ...options, command: as(account, command) });
    this.onClose(() => client.close());
    return client;
  }
}

/** The command as it is run in an account. */
export function as({ uid, gid }: Account, command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...command] : command;
}
