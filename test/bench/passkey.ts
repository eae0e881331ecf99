import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGate } from '../../src/approvers/gate.ts';
import { openPairing } from '../../src/approvers/pairing.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import { systemClock as clock } from '../../src/platform/clock.ts';
import { systemRandom as random } from '../../src/platform/random.ts';
import { Authenticator } from '../support/authenticator.ts';
import { median, timed } from './median.ts';

const origin = 'https://vault.example.com';

/** Milliseconds from the browser's answer to a proof: the roster read and written, the ceremony used up, the signature verified. */
export async function passkeyVerification(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-bench-'));
  try {
    const roster = openRoster(folder, clock);
    const phone = new Authenticator();
    const pairing = await openPairing({ roster, clock, random, name: 'phone', by: null, origin });
    const begun = await pairing.begin(pairing.code);
    if ('refused' in begun) throw new Error(begun.refused);
    await pairing.finish(phone.register(begun.options, origin));
    await pairing.confirm(async () => undefined);
    const gate = openGate({ roster, publicOrigin: () => origin, requiredFactor: () => 'link', clock, random });
    return await median(101, async () => {
      const occasion = { purpose: 'decision', about: random.id(), origin } as const;
      const ceremony = await gate.begin(occasion, '{}');
      if (ceremony.proved !== null) throw new Error(ceremony.says);
      const answer = phone.sign(ceremony.options, origin);
      return timed(async () => {
        const { proved } = await gate.byPasskey(occasion, ceremony.id, answer);
        if (!proved) throw new Error('not proved');
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
