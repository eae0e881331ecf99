/**
 * A process with an audit log and webhooks, joined as the app does. It appends rows one after the other, says the id of each once it is
 * committed, until it is killed, or told to stop: then it sends what is left.
 */
import { openAudit } from '../../src/audit/log.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openWebhooks } from '../../src/webhooks/webhooks.ts';
import { auditRow, webhookTo } from '../webhooks/rows.ts';

const [path = '', url = ''] = process.argv.slice(2);
const file = { path, followLinks: true };
const log = createLog(() => undefined);
const endpoints = [webhookTo(url)];
const webhooks = openWebhooks({
  file,
  endpoints: () => endpoints,
  clock: systemClock,
  random: systemRandom,
  log,
  timeoutMs: 1_000,
});
const audit = openAudit({
  file,
  clock: systemClock,
  log,
  onCommitted: (rows) => webhooks.committed(rows),
  alongside: webhooks.alongside,
});

let isStopped = false;
process.once('SIGTERM', () => (isStopped = true));
for (let count = 0; !isStopped; count += 1) {
  const rows = await audit.append([auditRow({ secretName: `NAME_${count}` })]).catch(() => []);
  for (const { seq } of rows) process.stdout.write(`${seq}\n`);
}
await audit.close();
await webhooks.close(30_000);
