import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/ports.ts';
import type { Approver } from '../core/request.ts';
import { createCodeGate } from './code-gate.ts';
import type { Gate, Proved, Unproved, Ways } from './define.ts';
import { unproved } from './define.ts';
import { createPasskeyGate } from './passkey-gate.ts';
import { passkeysAt } from './passkey.ts';
import type { Approvers } from './records.ts';
import type { Roster } from './roster.ts';
import { closed, waysAt } from './ways.ts';

export interface GateParts {
  readonly roster: Roster;
  /** At which this process itself is reachable ("https://host"); null while its tunnel is down. */
  readonly publicOrigin: () => string | null;
  /** Why there is no public origin now, in a sentence of ours for the page; null if there is nothing to say. */
  readonly outage?: () => string | null;
  /** The weakest factor that the user's own limits let count. */
  readonly requiredFactor: () => Approver['factor'];
  readonly clock: Clock;
  readonly random: Random;
}

export function openGate(parts: GateParts): Gate {
  const codes = createCodeGate(parts);
  const passkeys = createPasskeyGate(parts);
  return {
    ways: async (origin) => (await look(parts, origin)).ways,

    generation: async () => (await known(parts))?.generation ?? null,

    async byLink() {
      // The place does not matter to a link.
      const { ways } = await look(parts, '');
      return ways.link ? linkHolder : unproved(ways.says);
    },

    async byCode(occasion, code) {
      const { ways } = await look(parts, occasion.origin);
      return ways.totp ? closing(codes.prove(occasion, code)) : unproved(ways.says);
    },

    async begin(occasion, body) {
      const { ways, passkeys: here } = await look(parts, occasion.origin);
      return ways.passkey ? passkeys.begin(occasion, body, here) : unproved(ways.says);
    },

    async byPasskey(occasion, id, response) {
      const ceremony = passkeys.take(occasion, id);
      const { ways, passkeys: here } = await look(parts, occasion.origin);
      if (!ways.passkey) return unproved(ways.says);
      if (ceremony === null) return unproved('That took too long, or was answered before. Please try again.');
      return closing(passkeys.prove(ceremony, response, here));
    },
  };
}

const linkHolder: Proved = { proved: true, approver: { name: 'link holder', factor: 'link' }, assertion: null };

interface Look {
  readonly ways: Ways;
  /** That count at the place, whatever the user's limits say. */
  readonly passkeys: ReturnType<typeof passkeysAt>;
}

async function look(parts: GateParts, origin: string): Promise<Look> {
  const approvers = await known(parts);
  if (approvers === null) return { ways: closed, passkeys: [] };
  const place = { origin, publicOrigin: parts.publicOrigin() };
  const ways = waysAt({ approvers, place, required: parts.requiredFactor(), outage: parts.outage?.() ?? null });
  return { ways, passkeys: passkeysAt(approvers, place) };
}

async function known({ roster }: GateParts): Promise<Approvers | null> {
  return roster.read().catch(() => null);
}

/** What cannot be written down was not proved. */
async function closing(proof: Promise<Proved | Unproved>): Promise<Proved | Unproved> {
  return proof.catch(() =>
    unproved('That could not be written down, so it does not count. Please try again in a moment.'),
  );
}
