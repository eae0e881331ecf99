import type { Approvers } from '../approvers/records.ts';
import type { Approver } from '../core/request.ts';

/** How far a set-up keeps an agent from approving its own requests, as SECURITY.md counts it. */
export interface Tier {
  /** 0 link, 1 totp, 2 passkey, 3 passkey and a broker under another user than the agent's; null: nothing can be approved at all. */
  readonly reached: 0 | 1 | 2 | 3 | null;
  readonly says: string;
  /** What the next one would take; null at the last. */
  readonly next: string | null;
}

export interface Standing {
  /** Null if they cannot be read, which closes everything. */
  readonly approvers: Approvers | null;
  /** The weakest factor that the user's own limits let decide. */
  readonly required: Approver['factor'];
  /** Whether whoever started us is another user, who cannot write our files. */
  readonly isApart: boolean;
}

/** The weakest approver that counts decides. */
export function tierOf({ approvers, required, isApart }: Standing): Tier {
  if (approvers === null) return closed('who may approve cannot be read', 'mend approvers.json in the state folder');
  const { generation } = approvers;
  if (generation === 0 && required === 'link') return tiers[0];
  const counting = approvers.approvers.filter(({ factor }) => factor === 'passkey' || required !== 'passkey');
  if (counting.length === 0) return closed('no approver counts', 'pair one: agent-vault pair');
  if (counting.some(({ factor }) => factor === 'totp')) return tiers[1];
  return isApart ? tiers[3] : tiers[2];
}

const tiers = {
  0: {
    reached: 0,
    says: 'link: whoever sees an approval link can approve, also an agent that reads it from a log',
    next: 'pair a phone: agent-vault pair (or agent-vault pair --totp, for an address that changes at every start)',
  },
  1: {
    reached: 1,
    says: 'totp: an agent that sees the link cannot approve; one that reads the vault’s own files can',
    next: 'pair a passkey and take the authenticator app away, or write {"factor": "passkey"} into limits.json in the state folder',
  },
  2: {
    reached: 2,
    says: 'passkey: an agent that sees the link, or reads the vault’s own files, cannot approve; one that writes them can',
    next: 'run agent-vault as another user than the agent, so that the agent cannot write its files',
  },
  3: {
    reached: 3,
    says: 'passkey, under another user than the agent’s: the agent cannot approve',
    next: null,
  },
} as const satisfies Record<number, Tier>;

function closed(says: string, next: string): Tier {
  return { reached: null, says: `${says}: nothing can be approved`, next };
}
