import Database from 'better-sqlite3';
import { tap, TestVault } from '../support/vault.ts';
import { median, timed } from './median.ts';

/** Milliseconds of a read inside an open window, and of a ping, by the same client on the same server. */
export async function windowReads(rows: number): Promise<{ read: number; ping: number }> {
  const vault = await TestVault.open({ config: { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 60 } } } });
  const client = await vault.connect();
  try {
    const first = client.get();
    await tap(await client.link());
    await first;
    if (rows > 0) fill(vault.database, rows);
    const ping = await median(301, () => timed(() => client.client.ping()), 50);
    const read = await median(301, () => timed(() => client.get()), 50);
    return { read, ping };
  } finally {
    await client.close();
    await vault.close();
  }
}

/** Copies the last row until there are `rows` more. The chain of the copies does not hold: a read looks at the last row only. */
function fill(file: string, rows: number): void {
  const database = new Database(file);
  const columns = database.pragma('table_info(audit)') as { name: string }[];
  const copied = columns.map(({ name }) => (name === 'id' ? 'last.id + number.i' : `last.${name}`)).join(', ');
  database.exec(`
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ${rows}),
      last AS MATERIALIZED (SELECT * FROM audit ORDER BY id DESC LIMIT 1)
    INSERT INTO audit SELECT ${copied} FROM number, last ORDER BY number.i`);
  database.close();
}
