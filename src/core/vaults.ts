import type { Clock } from './clock.ts';
import { VaultError } from './errors.ts';
import { shown } from './input.ts';
import type { Provider, ProviderCall, Vault } from './ports.ts';
import type { Entry } from './request.ts';
import { didYouMean } from './text.ts';

/** A provider that has not answered by then is unavailable. Milliseconds. */
const readMs = 20_000;
/** A batch of writes is many calls to the provider, each with a bound of its own. */
const writeMs = 120_000;

/** The vaults of the config, by name, and bounded calls to their providers. */
export class Vaults {
  #vaults: ReadonlyMap<string, Vault> = new Map();
  readonly #clock: Clock;
  readonly #working = new Set<AbortController>();

  constructor(vaults: readonly Vault[], clock: Clock) {
    this.#clock = clock;
    this.replace(vaults);
  }

  /** Calls under way go on with the vault that they began with. */
  replace(vaults: readonly Vault[]): void {
    this.#vaults = new Map(vaults.map((vault) => [vault.name, vault]));
  }

  all(): readonly Vault[] {
    return [...this.#vaults.values()];
  }

  /** Throws `vault_unknown`, naming the nearest. */
  get(name: string): Vault {
    const vault = this.#vaults.get(name);
    if (vault !== undefined) return vault;
    const near = didYouMean(name, [...this.#vaults.keys()]);
    const help = near === null ? 'list_secrets shows the vaults there are' : `did you mean "${shown(near)}"?`;
    throw new VaultError('vault_unknown', `there is no vault "${shown(name)}"; ${help}`);
  }

  /** Tells every provider that is at work to stop; a write under way undoes what it did. */
  stop(): void {
    for (const work of this.#working) work.abort();
  }

  async close(): Promise<void> {
    const providers = this.all().flatMap(({ provider }) => (provider instanceof VaultError ? [] : [provider]));
    await Promise.allSettled(providers.map((provider) => provider.close()));
  }

  /** Asks a vault's provider, for at most 20 seconds (a write: 120). Throws why it cannot answer. */
  async ask<Answer>(
    vault: Vault,
    question: (provider: Provider, call: ProviderCall) => Promise<Answer>,
    { signal, write = false }: AskOptions = {},
  ): Promise<Answer> {
    const { provider } = vault;
    if (provider instanceof VaultError) throw provider;
    const limit = this.#limit(vault, write ? writeMs : readMs, signal);
    try {
      return await Promise.race([question(provider, { signal: limit.signal }), limit.reached]);
    } catch (thrown) {
      if (thrown instanceof VaultError) throw thrown;
      throw new VaultError('provider_unavailable', `vault "${vault.name}" could not answer`, { cause: thrown });
    } finally {
      limit.lift();
    }
  }

  /** `reached` rejects after `ms`, or as soon as the call has gone; then, and at the end of the process, `signal` aborts. */
  #limit(
    vault: Vault,
    ms: number,
    gone: AbortSignal | undefined,
  ): { signal: AbortSignal; reached: Promise<never>; lift: () => void } {
    const work = new AbortController();
    const { promise: reached, reject } = Promise.withResolvers<never>();
    reached.catch(() => undefined);
    const end = (error: VaultError): void => {
      work.abort();
      reject(error);
    };
    const leave = (): void => end(new VaultError('closing', 'the call was cancelled'));
    const stop = this.#clock.after(ms, () => {
      const seconds = ms / 1000;
      end(new VaultError('provider_unavailable', `vault "${vault.name}" did not answer within ${seconds} seconds`));
    });
    if (gone?.aborted === true) leave();
    gone?.addEventListener('abort', leave, { once: true });
    this.#working.add(work);
    const lift = (): void => {
      stop();
      gone?.removeEventListener('abort', leave);
      this.#working.delete(work);
    };
    return { signal: work.signal, reached, lift };
  }

  /** The entries of all names. Throws `secret_unknown` for the first that does not exist, naming the nearest that does. */
  async resolve(vault: Vault, names: readonly string[], signal: AbortSignal): Promise<Resolved> {
    const entries = await this.ask(vault, (provider, call) => provider.resolve(names, call), { signal });
    const missing = names.filter((_, at) => (entries[at] ?? null) === null);
    if (missing.length > 0) throw await this.#unknown(vault, missing, signal);
    return resolved(names, entries);
  }

  async #unknown(vault: Vault, missing: readonly string[], signal: AbortSignal): Promise<VaultError> {
    const known = await this.ask(vault, (provider, call) => provider.list(call), { signal }).catch(() => []);
    const names = known.map((entry) => entry.name);
    const said = missing.slice(0, 5).map((name) => {
      const near = didYouMean(name, names);
      return near === null ? `"${shown(name)}"` : `"${shown(name)}" (did you mean "${shown(near)}"?)`;
    });
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
    const message = `vault "${vault.name}" has no secret ${said.join(', ')}${more}; list_secrets shows the names`;
    return new VaultError('secret_unknown', message, { names: missing });
  }
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly write?: boolean;
}

export interface Resolved {
  /** Each entry once, in the order in which it was first named. */
  readonly entries: readonly Entry[];
  readonly names: ReadonlyMap<string, Entry>;
}

/** Two names may mean one entry; it is asked for once, as it was named first. */
function resolved(names: readonly string[], found: readonly (Entry | null)[]): Resolved {
  const byId = new Map<string, Entry>();
  const byName = new Map<string, Entry>();
  for (const [at, name] of names.entries()) {
    const entry = found[at];
    if (entry === null || entry === undefined) continue;
    if (!byId.has(entry.id)) byId.set(entry.id, entry);
    byName.set(name, entry);
  }
  return { entries: [...byId.values()], names: byName };
}
