/** `npm run bench`: medians on this machine, as a table for the README. Ratios come from the same run. */
import { cpus, totalmem } from 'node:os';
import { coldStart, emptyNode, idleMemory } from './start.ts';
import { homePage } from './home.ts';
import { listing } from './listing.ts';
import { passkeyVerification } from './passkey.ts';
import { pending } from './pending.ts';
import { policyCheck } from './policy.ts';
import { tapToResult } from './tap.ts';
import { throughput } from './throughput.ts';
import { verification } from './verify.ts';
import { windowReads } from './window-reads.ts';

interface Line {
  readonly what: string;
  readonly median: string;
  readonly note: string;
}

const lines: Line[] = [];
const add = (what: string, median: string, note = ''): void => void lines.push({ what, median, note });
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const mb = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MB`;

const empty = await emptyNode();
const start = await coldStart();
add('empty Node process, spawn to exit', ms(empty));
add('spawn to `initialize` answered', ms(start), `${(start / empty).toFixed(1)} times the empty process`);
add('memory, idle after `initialize`', mb(await idleMemory()), 'resident');
for (const names of [10, 10_000])
  add(`\`list_secrets\`, ${names.toLocaleString('en')} names`, ms(await listing(names)));
for (const rows of [0, 100_000, 1_000_000]) {
  const { read, ping } = await windowReads(rows);
  add(
    `read inside a window, ${rows.toLocaleString('en')} audit rows`,
    ms(read),
    `${ms(read - ping)} beyond a ping of the same client (${ms(ping)})`,
  );
}
add('tap to tool result', ms(await tapToResult()), 'from the POST to the value in the client');
const { bytes, seconds } = await pending(1_000);
add('1,000 requests pending at once', mb(bytes), `resident; opened in ${seconds.toFixed(1)} s`);

for (const windows of [0, 1_000])
  add(`home page, ${windows.toLocaleString('en')} open windows`, ms(await homePage(windows)));

add('passkey: from its answer to the proof', ms(await passkeyVerification()));
add('looking whether the config has changed', ms(await policyCheck()), 'at every call');

const plain = await throughput({ atOnce: 1, webhooks: 0 });
add(
  'reads inside a window, 1 at once',
  `${plain.perSecond.toFixed(0)} / s`,
  `each row on the disk first; p99 ${ms(plain.p99)}`,
);
const told = await throughput({ atOnce: 1, webhooks: 5 });
add(
  'the same, with 5 webhooks',
  `${told.perSecond.toFixed(0)} / s`,
  `median ${ms(told.median - plain.median)}, p99 ${ms(told.p99 - plain.p99)} more`,
);
const many = await throughput({ atOnce: 32, webhooks: 0 });
add('reads inside a window, 32 at once', `${many.perSecond.toFixed(0)} / s`, `p99 ${ms(many.p99)}`);
const verified = await verification(1_000_000);
add(
  'verify the log, 1,000,000 rows',
  `${verified.seconds.toFixed(1)} s`,
  `one run; at most ${mb(verified.bytes)} resident`,
);

const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}, ${process.platform}`;
const table = [
  '| what | median | |',
  '| --- | --- | --- |',
  ...lines.map(({ what, median, note }) => `| ${what} | ${median} | ${note} |`),
];
process.stdout.write(`${machine}\n\n${table.join('\n')}\n`);
