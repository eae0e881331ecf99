import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { EffectivePolicy } from '../config/terms.ts';
import { asVaultError, VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { oneLine } from '../core/text.ts';
import { stampOf } from '../platform/files.ts';
import { digestOf, meet } from './difference.ts';
import { openKey, passingKey } from './key.ts';
import { limitNotices, limitsFile, loadLimits } from './limits.ts';
import { openPins, placeOf } from './pins.ts';
import type { Pin, Pins } from './pins.ts';
import type { Facts } from './situation.ts';

/** Reads what trust depends on: the config, the user's limits, and what was approved. */
export interface Reader {
  facts(): Facts;
  /** Why nothing can be approved: what was approved before cannot be read. Null if it can. */
  trouble(): VaultError | null;
  /** Another one if any of it may have changed. */
  stamp(): Promise<string>;
  /** Reads all of it again; what cannot be read stays as it was, what was approved counts no more. False if something could not be read. */
  read(): Promise<boolean>;
  /** Only while there is no `trouble`. Rejects with `config_invalid`, having changed nothing. */
  approve(pin: Pin): Promise<void>;
}

export interface ReaderOptions {
  readonly config: Config;
  readonly reload: () => Promise<Config>;
  readonly stateFolder: string;
  readonly log: Log;
}

/** Rejects with `config_invalid` where the user's limits are not what they must be. */
export async function openReader({ config: first, reload, stateFolder, log }: ReaderOptions): Promise<Reader> {
  const place = await placeOf(first).catch(() => first.file ?? first.folder);
  const keyed = await openKey(stateFolder).catch((thrown: unknown) => asVaultError(thrown, 'config_invalid', noKey));
  const pins = openPins(stateFolder);
  let config = first;
  let limits = await loadLimits(stateFolder);
  let policy = first.policy(keyed instanceof VaultError ? passingKey() : keyed);
  let pinned: EffectivePolicy | null = null;
  let trouble: VaultError | null = null;

  const readPin = async (): Promise<void> => {
    try {
      if (keyed instanceof VaultError) throw keyed;
      pinned = await tightenedPin({ place, pins, policy, log });
      trouble = null;
    } catch (thrown) {
      pinned = null;
      trouble = asVaultError(thrown, 'config_invalid', 'what was approved cannot be read');
      log.once(`this config counts as not approved, and cannot be approved: ${trouble.message}`, trouble.hint);
    }
  };

  const tell = (): void => {
    for (const notice of [...config.notices, ...limitNotices(policy, limits)]) log.once(notice);
  };

  await readPin();
  tell();
  return {
    facts: () => ({ config, policy, pinned, limits }),
    trouble: () => trouble,
    stamp: async () => (await Promise.all([...stamps(first, stateFolder), pins.stamp()])).join('\n'),
    read: async () => {
      const newLimits = await kept(loadLimits(stateFolder), 'your limits', log);
      const newConfig = await kept(reloaded({ first, place, reload }), 'the config', log);
      limits = newLimits ?? limits;
      config = newConfig ?? config;
      if (!(keyed instanceof VaultError)) policy = config.policy(keyed);
      await readPin();
      tell();
      return newLimits !== null && newConfig !== null && trouble === null;
    },
    approve: async (pin) => {
      await pins.write(place, pin);
      pinned = pin.policy;
    },
  };
}

const noKey = 'the key of the approved configs cannot be used';

function stamps({ file, folder }: Config, stateFolder: string): readonly Promise<string | null>[] {
  const config = file === null ? [] : [file, join(folder, '.env')];
  return [...config, limitsFile(stateFolder)].map(stampOf);
}

interface Again {
  readonly first: Config;
  readonly place: string;
  readonly reload: () => Promise<Config>;
}

/** Rejects if what is there now is not the same file: whoever leads a link elsewhere must not end what was approved. */
async function reloaded({ first, place, reload }: Again): Promise<Config> {
  const config = await reload();
  if ((await placeOf(config).catch(() => null)) === place) return config;
  const shown = oneLine(first.file ?? dirname(place));
  throw new VaultError('config_invalid', `${shown} is gone, or another file has taken its place`, {
    hint: 'to use another config, start the server again',
  });
}

/** Null, and said once, if it cannot be had. */
async function kept<Read>(reading: Promise<Read>, what: string, log: Log): Promise<Read | null> {
  try {
    return await reading;
  } catch (thrown) {
    const { message, hint } = asVaultError(thrown, 'config_invalid', 'it cannot be read');
    log.once(`${what} cannot be used any more, and what held before still holds: ${message}`, hint);
    return null;
  }
}

interface Pinned {
  readonly place: string;
  readonly pins: Pins;
  readonly policy: EffectivePolicy;
  readonly log: Log;
}

/** Writes down what tightens, so that going back needs an approval as well. It holds in this process even if that fails. */
async function tightenedPin({ place, pins, policy, log }: Pinned): Promise<EffectivePolicy | null> {
  const pin = await pins.read(place);
  if (pin === null) return null;
  const met = meet(pin.policy, policy);
  if (digestOf(met) === digestOf(pin.policy)) return met;
  await pins.tighten(place, pin.policy, met).catch((thrown: unknown) => {
    const { message, hint } = asVaultError(thrown, 'config_invalid', 'it cannot be written');
    log.once(`a tighter config holds for this run only: ${message}`, hint);
  });
  return met;
}
