import { setTimeout } from 'node:timers/promises';
import { TestVault } from '../support/vault.ts';
import { residentBytes } from './start.ts';

/** Opens that many requests at once and leaves them waiting. Resident bytes of the server then, and how long the opening took. */
export async function pending(count: number): Promise<{ bytes: number; seconds: number }> {
  const secrets = Array.from({ length: count }, (_, at) => `SECRET_${at}=value-${at}\n`).join('');
  const vault = await TestVault.open({ secrets, config: { approval: { maxOpen: count, maxPerHour: 10_000 } } });
  const client = await vault.connect({ name: 'claude-code' });
  try {
    const started = performance.now();
    const calls = Array.from({ length: count }, (_, at) => client.get(`SECRET_${at}`).catch(() => undefined));
    await client.link();
    while (vault.rows().length < count) await setTimeout(20);
    const seconds = (performance.now() - started) / 1000;
    await setTimeout(2_000);
    const bytes = await residentBytes(client.transport.pid ?? 0);
    await client.close();
    await Promise.all(calls);
    return { bytes, seconds };
  } finally {
    await vault.close();
  }
}
