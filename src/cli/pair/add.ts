import type { PairingApp } from '../../pairing/app.ts';
import { qrCode } from '../qr.ts';
import type { Terminal } from '../terminal.ts';
import { permissionFor } from './allow.ts';
import { openPage, showLink } from './page.ts';
import { saysYes, unlessInterrupted } from './wait.ts';

export interface Adding {
  readonly app: PairingApp;
  readonly terminal: Terminal;
  /** As given with --name. */
  readonly name: string | undefined;
}

/** Pairs a phone by a passkey. */
export async function addPasskey({ app, terminal, name: wanted }: Adding): Promise<void> {
  const name = await app.nameFor(wanted, 'phone');
  const page = await openPage(app, terminal);
  const plan = app.planOf({ kind: 'add', name, factor: 'passkey' });
  const { by } = await permissionFor(plan, { app, terminal, page });
  const task = await page.enrol(name, by);
  for (const note of [task.warning, app.addressNote(page)]) if (note !== null) terminal.say(`Mind: ${note}\n`);
  try {
    await showLink(terminal, task.url, 'Scan this with the phone that is to approve.');
    terminal.say('Waiting for the phone …');
    const fingerprint = await unlessInterrupted(terminal, task.result);
    terminal.say(`\nA passkey was made. Its fingerprint is\n\n    ${fingerprint}\n`);
    if (!(await saysYes(terminal, 'Does the phone show the same?'))) {
      task.cancel();
      await page.told();
      return terminal.say(
        'Nothing was paired. If the phone showed another fingerprint, somebody else came in between.',
      );
    }
  } catch (thrown) {
    task.cancel();
    throw thrown;
  }
  await task.confirm(app.record(plan, by));
  await page.told();
  terminal.say(
    `Paired: "${name}" may approve from now on, at ${page.origin}. No link alone approves anything any more.`,
  );
}

/** Pairs an authenticator app. */
export async function addApp({ app, terminal, name: wanted }: Adding): Promise<void> {
  const name = await app.nameFor(wanted, 'authenticator app');
  if (app.appNote !== null) terminal.say(`Mind: ${app.appNote}\n`);
  const plan = app.planOf({ kind: 'add', name, factor: 'totp' });
  const { by } = await permissionFor(plan, { app, terminal, page: null });
  const pairing = await app.enrolApp(name, by);
  try {
    terminal.say('Scan this with the authenticator app, or type the key below it.\n');
    terminal.say(await qrCode(pairing.uri.reveal()));
    terminal.say(`${inFours(pairing.secret.reveal())}\n`);
    terminal.say('Whoever knows the key can approve: clear this screen when you are done.\n');
    for (;;) {
      const code = await terminal.ask('The 6 digits that the app shows now (nothing, to stop): ');
      if (code === '') return terminal.say('Nothing was paired.');
      const stored = await pairing.confirm(code, app.record(plan, by));
      if (!('refused' in stored)) break;
      terminal.say(stored.refused);
    }
  } finally {
    pairing.cancel();
  }
  terminal.say(
    `Paired: "${name}" (${pairing.fingerprint}) may approve from now on. No link alone approves anything any more.`,
  );
}

function inFours(key: string): string {
  return key.replace(/(.{4})(?=.)/gu, '$1 ');
}
