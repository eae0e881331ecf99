import { openPage, TestVault } from '../support/vault.ts';
import { median } from './median.ts';

/** Milliseconds from the POST of an approval until the value is in the client. */
export async function tapToResult(): Promise<number> {
  const vault = await TestVault.open();
  const client = await vault.connect();
  let nth = 0;
  try {
    return await median(21, async () => {
      const answer = client.get();
      const url = await client.link((nth += 1));
      const { csrf, cookie } = await openPage(url);
      const body = new URLSearchParams({ csrf, decision: 'approve' });
      const started = performance.now();
      const posted = fetch(url, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: { origin: new URL(url).origin, cookie },
      });
      await answer;
      const took = performance.now() - started;
      await (await posted).text();
      return took;
    });
  } finally {
    await client.close();
    await vault.close();
  }
}
