import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { openTrust } from '../../src/trust/trust.ts';
import { TestVault } from '../support/vault.ts';
import { median, timed } from './median.ts';

/** Milliseconds that every call takes to see that neither the config nor the user's limits have changed. */
export async function policyCheck(): Promise<number> {
  const vault = await TestVault.open();
  try {
    const { folder, env } = vault;
    const reload = () => loadConfig({ cwd: folder, env, home: folder });
    const trust = await openTrust({
      config: await reload(),
      reload,
      stateFolder: env['AGENT_VAULT_STATE'] ?? '',
      clock: systemClock,
      log: createLog(() => undefined),
      onChange: () => undefined,
    });
    return await median(501, () => timed(() => trust.look()), 50);
  } finally {
    await vault.close();
  }
}
