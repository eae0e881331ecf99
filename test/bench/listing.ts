import { TestVault } from '../support/vault.ts';
import { median, timed } from './median.ts';

/** Milliseconds of one `list_secrets`, as the client sees it. */
export async function listing(names: number): Promise<number> {
  const secrets = Array.from({ length: names }, (_, at) => `SECRET_NUMBER_${at}=value-${at}\n`).join('');
  const vault = await TestVault.open({ secrets });
  const client = await vault.connect();
  try {
    return await median(21, () => timed(() => client.call('list_secrets', {})));
  } finally {
    await client.close();
    await vault.close();
  }
}
