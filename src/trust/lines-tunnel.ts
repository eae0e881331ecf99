import type { TunnelTerms } from '../config/terms.ts';
import type { PolicyLine } from '../core/policies.ts';
import { isSame } from './difference.ts';
import { told, toldSecret, toldValue } from './words.ts';

/** Whether a tunnel may be used that nobody approved: it stays on this machine, or uses the token of our own environment as always. */
export function isHarmless({ token, options }: TunnelTerms): boolean {
  return (token === null || token === 'environment') && Object.keys(options).length === 0;
}

/** Nothing for the tunnel that is there without a word in the config. */
export function tunnelLines(tunnel: TunnelTerms): readonly PolicyLine[] {
  if (tunnel.token === null || (isHarmless(tunnel) && tunnel.domain === null)) return [];
  return [{ subject: 'tunnel', says: words(tunnel), isWide: !isHarmless(tunnel) }];
}

export function changedTunnel(before: TunnelTerms, now: TunnelTerms): readonly PolicyLine[] {
  if (isSame(before, now)) return [];
  const change =
    words(before) === words(now) ? 'one of these values is another than before' : `until now it ${words(before)}`;
  return [{ subject: 'tunnel', says: `${words(now)}; ${change}`, isWide: !isHarmless(now) }];
}

function words({ type, token, domain, options }: TunnelTerms): string {
  if (type === 'none') return 'keeps the approval pages on this machine';
  const whose = token === 'environment' ? 'NGROK_AUTHTOKEN of the environment' : toldSecret(token);
  const where = domain === null ? '' : `, at ${toldValue(domain)}`;
  const more = Object.entries(options).map(([key, value]) => `, ${told(key)} ${toldValue(value)}`);
  return `puts the approval pages on the internet through ${told(type)}, with ${whose} as token${where}${more.join('')}`;
}
