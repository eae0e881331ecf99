import { existsSync } from 'node:fs';
import { VirtualAuthenticator } from '../../support/phone.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { domain } from '../scene.ts';
import { Terminal } from '../terminal.ts';

const link = /(https:\/\/vault\.example\.test\/pair#[\w-]{22})\n/u;

/** While the person pairs a device at their terminal. */
export const pairing: readonly Attack[] = [
  {
    id: 'pairing-without-code',
    title: 'open the pairing page in a headless browser with a virtual authenticator, without the code or with a guess',
    gives: 'shell',
    kind: 'approval',
    claims: { link: 'resisted', totp: 'n/a', passkey: 'n/a', separate: 'n/a' },
    needs: ['chromium'],
    async run(scene) {
      const terminal = new Terminal(scene, 'owner', ['pair', '--name', 'second']);
      await terminal.shows(link);
      for (const guess of ['', `#${'A'.repeat(22)}`]) await tries(scene, `https://${domain}/pair${guess}`);
      return /fingerprint is/u.test(terminal.text);
    },
  },
  {
    id: 'pairing-first',
    title: 'see the code, and be faster than the person’s phone; the person compares the fingerprints',
    gives: 'shell',
    kind: 'approval',
    claims: { link: 'resisted', totp: 'n/a', passkey: 'n/a', separate: 'n/a' },
    needs: ['chromium'],
    async run(scene) {
      const terminal = new Terminal(scene, 'owner', ['pair', '--name', 'second']);
      const url = await terminal.shows(link);
      await tries(scene, url ?? '');
      await terminal.shows(/same\?/u);
      // The phone says that the code was used: it shows no fingerprint that could be the same.
      terminal.type('n');
      await terminal.ended;
      return existsSync(scene.inState('approvers.json'));
    },
  },
  {
    id: 'pairing-allowed',
    title: 'allow a second device itself, with a virtual authenticator on the page that asks the first one',
    gives: 'link',
    kind: 'approval',
    claims: claim.passkey,
    needs: ['chromium'],
    async run(scene) {
      const terminal = new Terminal(scene, 'owner', ['pair', '--name', 'second']);
      const url = await terminal.shows(link);
      await tries(scene, url ?? '');
      return /Allowed by/u.test(terminal.text);
    },
  },
];

/** Whatever button the page has is pressed, and what comes of it is waited for. */
async function tries(scene: Scene, url: string): Promise<void> {
  const page = await scene.page();
  await VirtualAuthenticator.of(page.context(), page);
  await page.goto(url);
  const end = '#notice:visible, #end:visible, #compare:visible';
  await page.locator(`#go:visible, ${end}`).first().waitFor();
  if (await page.locator('#go').isVisible()) await page.locator('#go').click();
  await page.locator(end).first().waitFor();
}
