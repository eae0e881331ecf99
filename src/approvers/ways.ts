import type { Approver } from '../core/request.ts';
import type { Factor, Place, Ways } from './define.ts';
import { factors } from './index.ts';
import type { Approvers, PairedPasskey } from './records.ts';

export interface WaysOptions {
  readonly approvers: Approvers;
  readonly place: Place;
  /** The weakest factor that the user lets count. */
  readonly required: Approver['factor'];
  /** Why this process has no public address now, in a sentence of ours; null if there is nothing to say. */
  readonly outage: string | null;
}

/** Who can decide at a place, and what the page says about it. */
export function waysAt(options: WaysOptions): Ways {
  const counting = countingAt(options);
  const has = (factor: Approver['factor']): boolean => counting.some((one) => one.factor === factor);
  return {
    link: has('link'),
    totp: has('totp'),
    passkey: has('passkey'),
    says: [...proofSays(counting), ...absenceSays(options, counting)].join(' '),
    elsewhere: has('passkey') ? null : elsewhere(options),
  };
}

/** Where the approvers cannot be read. */
export const closed: Ways = {
  link: false,
  totp: false,
  passkey: false,
  says: 'Nothing can be approved: the list of approvers cannot be read. Run “agent-vault doctor” in a terminal to see why.',
  elsewhere: null,
};

/** The factors by which somebody can prove themselves at a place, the weakest first. */
function countingAt({ approvers, place, required }: WaysOptions): readonly Factor[] {
  const least = factors.find(({ factor }) => factor === required)?.strength ?? Infinity;
  return factors.filter((factor) => factor.strength >= least && factor.counts(approvers, place));
}

function proofSays(counting: readonly Factor[]): readonly string[] {
  if (counting.some(({ factor }) => factor === 'link')) {
    return ['Anyone who has this link can decide, an agent too.', '“agent-vault pair” changes that.'];
  }
  const takes = counting.map(({ takes }) => takes).toReversed();
  return takes.length === 0 ? [] : [`Approving takes ${takes.join(' or ')}; the link alone approves nothing.`];
}

/** Why a factor does not count here that the person may expect to. */
function absenceSays(options: WaysOptions, counting: readonly Factor[]): readonly string[] {
  const { approvers, required } = options;
  if (counting.some(({ factor }) => factor === 'passkey' || factor === 'link')) return [];
  const passkeys = passkeysOf(approvers);
  if (passkeys.length > 0) return [passkeySays(options, passkeys)];
  if (counting.length > 0) return [];
  return [`Nothing can be approved: ${reason(approvers, required)} Run “agent-vault pair” in a terminal.`];
}

function reason({ generation, approvers }: Approvers, required: Approver['factor']): string {
  if (approvers.length > 0) return 'your limits ask for a passkey, and only an authenticator app is paired.';
  if (generation === 0)
    return `your limits ask for ${required === 'totp' ? 'a code' : 'a passkey'}, and nobody is paired.`;
  return 'all approvers were removed, and nobody was paired since.';
}

function passkeySays({ place, outage }: WaysOptions, passkeys: readonly PairedPasskey[]): string {
  const origins = [...new Set(passkeys.map(({ origin }) => origin))].join(' and at ');
  if (passkeys.some(({ origin }) => origin === place.publicOrigin)) {
    return `Your passkey counts only at ${origins}: open the link there.`;
  }
  if (place.publicOrigin !== null) {
    return `Your passkey counts only at ${origins}, but Agent Vault is now reached at ${place.publicOrigin}. Give the tunnel its former name, or pair again.`;
  }
  return `Your passkey counts only at ${origins}, which does not lead to this Agent Vault now. ${outage ?? 'The tunnel is not open.'}`;
}

function elsewhere({ approvers, place }: WaysOptions): string | null {
  return passkeysOf(approvers).find(({ origin }) => origin === place.publicOrigin)?.origin ?? null;
}

function passkeysOf({ approvers }: Approvers): readonly PairedPasskey[] {
  return approvers.filter((approver) => approver.factor === 'passkey');
}
