/**
 * `npm run redteam`: attacks the built package in every set-up and compares what came of it with what `attacks.ts` claims.
 * Ends with 1 both when a defence that is claimed breaks and when an attack that is disclaimed does not work any more.
 */
import { parseArgs } from 'node:util';
import { setUps } from './attack.ts';
import { attacks } from './attacks.ts';
import { markdownTables } from './markdown.ts';
import type { Measurement } from './measurement.ts';
import { report } from './report.ts';
import { runWorker } from './run-worker.ts';

const help = `usage: npm run redteam -- [options]

  --only TEXT     only the attacks whose id contains TEXT
  --set-up NAME   only one set-up: ${setUps.join(', ')}
  --allow-missing does not fail for what cannot be run on this machine
  --verbose       a line for each measurement as it comes
  --markdown      prints the tables of SECURITY.md and runs nothing
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    'set-up': { type: 'string' },
    'allow-missing': { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else if (values.markdown)
  for (const table of Object.values(markdownTables(attacks))) process.stdout.write(`${table}\n`);
else process.exitCode = await run();

async function run(): Promise<number> {
  const chosen = setUps.filter((setUp) => values['set-up'] === undefined || setUp === values['set-up']);
  const measured: Measurement[] = [];
  const tell = (measurement: Measurement): void => {
    measured.push(measurement);
    process.stderr.write(values.verbose ? line(measurement) : '.');
  };
  // Most of the time is spent waiting for processes to start.
  await Promise.all(chosen.map((setUp) => runWorker(setUp, values.only ?? '', tell)));
  process.stderr.write('\n');
  const { text, isAsClaimed } = report({
    attacks,
    setUps: chosen,
    only: values.only ?? '',
    measured,
    mayMiss: values['allow-missing'],
  });
  process.stdout.write(text);
  return isAsClaimed ? 0 : 1;
}

function line({ setUp, id, result, ms, why }: Measurement): string {
  return `${setUp} ${id} ${result} ${ms} ms ${why ?? ''}\n`;
}
