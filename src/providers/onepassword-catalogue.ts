import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver } from '../core/clock.ts';
import { shown } from '../core/input.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { ItemInfo, OnePassword, VaultInfo } from './onepassword-client.ts';

/** Service accounts have as few as 1,000 reads a day, and every listing is one. Milliseconds. */
const freshMs = 60_000;

/** An item and the vault it lies in. */
export interface Located {
  readonly vault: VaultInfo;
  readonly item: ItemInfo;
}

export interface CatalogueOptions {
  readonly client: OnePassword;
  /** The only vaults to use; undefined means all that the account sees. */
  readonly vaultIds: readonly string[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Which vaults and items there are: titles and IDs, no values. Remembered for 60 seconds. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #vaults: Remembered<readonly VaultInfo[]>;
  readonly #items: Remembered<readonly Located[]>;

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#vaults = new Remembered(options.clock);
    this.#items = new Remembered(options.clock);
  }

  /** Whether the config names the vaults to use. */
  get restricted(): boolean {
    return this.#options.vaultIds !== undefined;
  }

  /** Whether the config lets this vault be used at all. */
  allows(vaultId: string): boolean {
    const { vaultIds } = this.#options;
    return vaultIds === undefined || vaultIds.includes(vaultId);
  }

  /** The vaults that may be used, in the config's order, else by title. */
  vaults(): Promise<readonly VaultInfo[]> {
    return this.#vaults.get('all', async () => this.#usable(await this.#options.client.vaults()));
  }

  /** The items of one vault, by title. */
  items(vault: VaultInfo): Promise<readonly Located[]> {
    return this.#items.get(vault.id, async () => {
      const items = await this.#options.client.items(vault.id);
      return items.map((item) => ({ vault, item })).sort((a, b) => byTitle(a.item, b.item));
    });
  }

  async all(): Promise<readonly Located[]> {
    const vaults = await this.vaults();
    return (await Promise.all(vaults.map((vault) => this.items(vault)))).flat();
  }

  /** What was remembered of a vault's items may be wrong: the next question asks 1Password. */
  forget(vaultId: string): void {
    this.#items.forget(vaultId);
  }

  #usable(seen: readonly VaultInfo[]): readonly VaultInfo[] {
    const { vaultIds, log } = this.#options;
    if (vaultIds === undefined) return [...seen].sort(byTitle);
    const byId = new Map(seen.map((vault) => [vault.id, vault]));
    const missing = vaultIds.filter((id) => !byId.has(id));
    const ids = missing.map((id) => `"${shown(id)}"`).join(', ');
    const hint = 'vaultIds takes the IDs, not the titles, of vaults to which the account was given access';
    if (missing.length === vaultIds.length)
      throw new VaultError('provider_refused', `the 1Password account sees none of the configured vaults (${ids})`, {
        hint,
      });
    if (missing.length > 0) log.once(`the 1Password account does not see the vaults ${ids}`, hint);
    return vaultIds.flatMap((id) => byId.get(id) ?? []);
  }
}

/** Answers by key, for a while. Those who ask at the same time share one question; a failure is not remembered. */
class Remembered<Answer> {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly answer: Promise<Answer>; readonly until: Deadline }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#answers.get(key);
    if (known !== undefined && !isOver(this.#clock, known.until)) return known.answer;
    const answer = ask();
    const entry = { answer, until: deadlineIn(this.#clock, freshMs) };
    this.#answers.set(key, entry);
    answer.catch(() => {
      if (this.#answers.get(key) === entry) this.#answers.delete(key);
    });
    return answer;
  }

  forget(key: string): void {
    this.#answers.delete(key);
  }
}

function byTitle(a: VaultInfo, b: VaultInfo): number {
  if (a.title !== b.title) return a.title < b.title ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
