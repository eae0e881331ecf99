import { homedir } from 'node:os';
import { VaultError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import type { Endpoint, Verdict, WebhooksApp } from '../../evidence/webhooks.ts';
import { openWebhooksApp } from '../../evidence/webhooks.ts';
import { createLog } from '../../platform/log.ts';
import type { Flags } from '../arguments.ts';
import { timeIn } from '../audit/time.ts';
import { put, terminalWidth, Unread } from '../output.ts';
import { Interrupted, interruptedCode, openTerminal } from '../terminal.ts';
import { endpointList, endpointsJson } from '../webhooks/list.ts';

/** Looks after events that wait for their webhooks. @param part "list", "retry" and so on */
export async function webhooks(part: string, flags: Flags, operands: readonly string[]): Promise<number> {
  const run = parts[part];
  if (run === undefined) throw new VaultError('internal', 'a command without its code');
  try {
    return await run(flags, operands);
  } catch (thrown) {
    if (thrown instanceof Unread) return 0;
    if (!(thrown instanceof Interrupted)) throw thrown;
    return interruptedCode;
  }
}

type Run = (flags: Flags, operands: readonly string[]) => Promise<number>;

const parts: Readonly<Record<string, Run>> = { list, retry, replay, test };

/** Milliseconds for sending what waits; what is left, the next server sends. */
const deliverMs = 10_000;

async function list(flags: Flags): Promise<number> {
  const endpoints = await (await open(flags)).list();
  await put(`${flags.json === true ? endpointsJson(endpoints) : endpointList(endpoints, terminalWidth())}\n`);
  return 0;
}

async function retry(flags: Flags, [which]: readonly string[]): Promise<number> {
  const app = await open(flags);
  const endpoints = await chosen(app, which);
  const revived = await app.retry(endpoints);
  await put(`${counted(revived)} that had been given up ${revived === 1 ? 'waits' : 'wait'} again.\n`);
  await app.deliver(deliverMs);
  return 0;
}

async function replay(flags: Flags, [which]: readonly string[]): Promise<number> {
  if (flags.since === undefined)
    throw new VaultError('input_invalid', 'webhooks replay needs --since', { hint: 'such as --since 24h' });
  const since = timeIn(flags.since, 'since', Date.now());
  const app = await open(flags);
  const waiting = await app.replay(await chosen(app, which), since);
  await put(`${counted(waiting)} ${waiting === 1 ? 'waits' : 'wait'} to be sent once more, with the same ids.\n`);
  await app.deliver(deliverMs);
  return 0;
}

async function test(flags: Flags, [which = '']: readonly string[]): Promise<number> {
  const app = await open(flags);
  const known = (await app.list()).length > 0 ? await app.find(which).catch(() => null) : null;
  if (known === null && !/^https?:\/\//u.test(which)) await app.find(which);
  const verdict = known === null ? await app.testAddress(which) : await testKnown(app, known);
  await put(`${verdictText(verdict)}\n`);
  return verdict.kind === 'delivered' ? 0 : 1;
}

/** A config that nobody has approved may lead the user's tokens anywhere: only a person lets it. */
async function testKnown(app: WebhooksApp, endpoint: Endpoint): Promise<Verdict> {
  if (endpoint.standing === 'new') await askFor(endpoint);
  return app.test(endpoint);
}

async function askFor({ name }: Endpoint): Promise<void> {
  const refused = new VaultError('input_invalid', 'nobody has approved this webhook yet, so nothing was sent', {
    hint: 'it is approved, with the rest of the config, on the page of the next request',
  });
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw refused;
  const terminal = openTerminal();
  try {
    terminal.say(
      `Nobody has approved this webhook yet. The test sends to it what the config has for it, also a token.`,
    );
    const answer = await terminal.ask(`Send to ${oneLine(name)}? (yes/no) `);
    if (!/^y(es)?$/iu.test(answer)) throw refused;
  } finally {
    terminal.close();
  }
}

/** Of those that are in the config no more, only one that is named: nothing is sent to them. */
async function chosen(app: WebhooksApp, which: string | undefined): Promise<readonly Endpoint[]> {
  if (which !== undefined) return [await app.find(which)];
  return (await app.list()).filter(({ standing }) => standing !== 'former');
}

function verdictText(verdict: Verdict): string {
  if (verdict.kind === 'delivered') return 'delivered: it took the test event';
  const words = { retry: 'not delivered', refused: 'refused', disable: 'it wants no events' }[verdict.kind];
  return `${words}: ${oneLine(verdict.why)}`;
}

function counted(events: number): string {
  return `${events} ${events === 1 ? 'event' : 'events'}`;
}

function open({ file }: Flags): Promise<WebhooksApp> {
  const where = { cwd: process.cwd(), env: { ...process.env }, home: homedir() };
  return openWebhooksApp({ where, file: file ?? null, log: createLog() });
}
