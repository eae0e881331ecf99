import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { openTrust } from '../../src/trust/trust.ts';

/** Approves the config of a folder as a person did before the test begins. `env` must be the server's. */
export async function approveConfig(folder: string, env: Record<string, string>): Promise<void> {
  const stateFolder = env['AGENT_VAULT_STATE'];
  if (stateFolder === undefined) throw new Error('the config of a test is approved in a state folder of its own only');
  const reload = () => loadConfig({ cwd: folder, env, home: folder });
  const trust = await openTrust({
    config: await reload(),
    reload,
    stateFolder,
    clock: systemClock,
    log: createLog(() => undefined),
    onChange: () => undefined,
  });
  const proposal = trust.proposal();
  if (proposal === null) return;
  if (!(await trust.accept(proposal.digest, { name: 'a person', factor: 'link' }))) throw new Error('not approved');
}
