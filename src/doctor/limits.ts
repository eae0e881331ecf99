import type { Config } from '../config/config.ts';
import { oneLine } from '../core/text.ts';
import { passingKey } from '../trust/key.ts';
import { allowsVault, limited, limitNotices } from '../trust/limits.ts';
import type { Limits } from '../trust/limits.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

const check = 'limits';

/** The user's own limits, and what they take from this config. @param config null if there is none that can be read */
export function checkLimits(limits: Limits, config: Config | null): readonly Finding[] {
  const says = Object.entries(limits).map(([name, value]) => `${name} ${oneLine(JSON.stringify(value))}`);
  if (says.length === 0) return [ok(check, 'none of your own; limits.json in the state folder can set some')];
  const policy = config?.policy(passingKey());
  if (policy === undefined) return [ok(check, says.join(', '))];
  const refused = policy.vaults
    .filter((vault) => !allowsVault(limits, vault))
    .map(({ name, type }) => `vault ${oneLine(name)} cannot be used: your limits do not allow the type ${type}`);
  const shortened = policy.vaults
    .filter(({ name, ttlMs }) =>
      limited(policy, limits).vaults.some((each) => each.name === name && each.ttlMs < ttlMs),
    )
    .map(({ name }) => `vault ${oneLine(name)} remembers an approval shorter than its config says`);
  return [
    ok(check, says.join(', ')),
    ...[...refused, ...shortened, ...limitNotices(policy, limits)].map((text) => note(check, text)),
  ];
}
