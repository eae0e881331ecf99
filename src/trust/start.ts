import type { TunnelConfig } from '../config/config.ts';
import type { EffectivePolicy } from '../config/terms.ts';
import { VaultError } from '../core/errors.ts';
import { isSame } from './difference.ts';
import { isHarmless } from './lines-tunnel.ts';
import type { Facts } from './situation.ts';
import { inList } from './words.ts';

/** What is decided once for a run: the pages are open, and the log is written, from the first request on. */
export interface Start {
  readonly tunnel: TunnelConfig | null;
  readonly port: number;
  readonly auditFile: string | null;
  /** Null until a person approved it: nothing is written where a config that nobody has seen wants it. */
  readonly anchor: string | null;
}

export function startOf({ config, policy, pinned }: Facts): Start {
  const { port, auditFile } = pinned ?? policy;
  const anchor = pinned?.anchor ?? null;
  const counts = isHarmless(policy.tunnel) || (pinned !== null && isSame(pinned.tunnel, policy.tunnel));
  const tunnel = config.tunnel === null || counts ? config.tunnel : refusing(config.tunnel.type);
  return { tunnel, port, auditFile, anchor };
}

/** Which parts of a policy count from the next start only; null if none. */
export function waitsForStart({ policy, pinned }: Facts, approved: EffectivePolicy): string | null {
  const { port, auditFile } = pinned ?? policy;
  const used = isHarmless(policy.tunnel) ? policy.tunnel : (pinned?.tunnel ?? null);
  const parts = [
    ...(isSame(used, approved.tunnel) ? [] : ['the tunnel']),
    ...(port === approved.port ? [] : ['the port']),
    ...(auditFile === approved.auditFile ? [] : ['the audit log']),
    ...((pinned?.anchor ?? null) === approved.anchor ? [] : ['the file of checkpoints']),
  ];
  return parts.length === 0 ? null : inList(parts);
}

function refusing(type: string): TunnelConfig {
  const connect = async (): Promise<never> => {
    throw new VaultError('tunnel_unavailable', 'the tunnel in this config has not been approved yet', {
      hint: 'approve the config on the page of a request, then start the server again',
    });
  };
  return { type, open: () => ({ type, connect }) };
}
