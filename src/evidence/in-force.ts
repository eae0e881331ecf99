import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../platform/clock.ts';
import { stateDirectory } from '../platform/state.ts';
import { openTrust } from '../trust/trust.ts';
import type { InForce } from '../trust/trust.ts';
import type { Where } from './place.ts';

/** What a person has approved of a config. What waits for approval is not announced: no request's page is near. */
export async function inForce(config: Config, where: Where, log: Log): Promise<InForce> {
  const trust = await openTrust({
    config,
    reload: () => loadConfig(where),
    stateFolder: stateDirectory({ env: where.env, log }),
    clock: systemClock,
    log: { ...log, once: () => undefined },
    onChange: () => undefined,
  });
  return trust.inForce();
}
