import { VaultError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import type { PairingApp, PairingPage } from '../../pairing/app.ts';
import { qrCode } from '../qr.ts';
import type { Terminal } from '../terminal.ts';
import { saysYes, unlessInterrupted } from './wait.ts';

/** Opens the page at the tunnel's address. What nobody has approved of the tunnel, the person at the terminal does first, for this once. */
export async function openPage(app: PairingApp, terminal: Terminal): Promise<PairingPage> {
  if (app.doubts.length > 0) await settleDoubts(app.doubts, terminal);
  terminal.say('Opening the tunnel …');
  const page = await unlessInterrupted(terminal, app.openPage());
  terminal.say(`The phone will see this address: ${page.origin}\n`);
  return page;
}

/** The link as a QR code and as text. */
export async function showLink(terminal: Terminal, url: string, says: string): Promise<void> {
  terminal.say(`${says} The code works once, within 5 minutes.\n`);
  terminal.say(await qrCode(url));
  terminal.say(`${url}\n`);
}

async function settleDoubts(doubts: readonly string[], terminal: Terminal): Promise<void> {
  terminal.say('Nobody has approved yet what this config says about the tunnel. Whoever wrote it chose this:\n');
  for (const doubt of doubts) terminal.say(`  ${oneLine(doubt)}`);
  terminal.say('');
  if (await saysYes(terminal, 'Use this tunnel now?')) return;
  throw new VaultError('tunnel_unavailable', 'the tunnel was not used, so nothing was paired', {
    hint: 'set ngrokAuthToken and ngrokDomain to your own',
  });
}
