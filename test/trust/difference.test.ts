import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EffectivePolicy, VaultTerms } from '../../src/config/terms.ts';
import { digestOf, isSameSource, meet } from '../../src/trust/difference.ts';

const vault: fc.Arbitrary<VaultTerms> = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  type: fc.constantFrom('env', '1password'),
  options: fc.record({ file: fc.constantFrom('/x', '/y') }),
  ttlMs: fc.constantFrom(0, 60_000, 900_000),
  scope: fc.constantFrom('secret', 'vault'),
  writable: fc.boolean(),
  confirm: fc.constantFrom('tap', 'code'),
});
const policy: fc.Arbitrary<EffectivePolicy> = fc.record({
  vaults: fc.uniqueArray(vault, { selector: ({ name }) => name }),
  webhooks: fc.array(
    fc.record({
      origin: fc.constantFrom('https://a.example', 'https://b.example'),
      address: fc.constantFrom('1', '2'),
      variable: fc.constant(null),
      authorization: fc.constant(null),
      events: fc.constant('all' as const),
      format: fc.constantFrom('json', 'slack'),
      options: fc.constant({}),
    }),
    { maxLength: 3 },
  ),
  tunnel: fc.record({
    type: fc.constant('ngrok'),
    token: fc.constantFrom('environment', { hidden: '1' }),
    domain: fc.constant(null),
    options: fc.constant({}),
  }),
  port: fc.constantFrom(0, 9999),
  auditFile: fc.constantFrom(null, '/a.db'),
  anchor: fc.constantFrom(null, '/a.anchors'),
  approval: fc.record({
    expiresInMs: fc.constantFrom(60_000, 120_000),
    waitMs: fc.constantFrom(null, 1000),
    maxOpen: fc.constantFrom(1, 20),
    maxPerHour: fc.constantFrom(1, 60),
    cooldownMs: fc.constantFrom(0, 1000),
  }),
});

describe('what holds of an approved policy when the config has become another', () => {
  it('allows nothing more than the approved one', () => {
    fc.assert(
      fc.property(policy, policy, (pinned, now) => {
        const { vaults, approval, ...rest } = meet(pinned, now);
        expect(rest).toEqual({
          webhooks: pinned.webhooks,
          tunnel: pinned.tunnel,
          port: pinned.port,
          auditFile: pinned.auditFile,
          anchor: pinned.anchor,
        });
        for (const each of vaults) {
          const old = pinned.vaults.find(({ name }) => name === each.name);
          expect(old !== undefined && isSameSource(each, old) && isWithin(each, old)).toBe(true);
        }
        expect(approval.waitMs).toBe(pinned.approval.waitMs);
        expect(isGentler(approval, pinned.approval)).toBe(true);
      }),
    );
  });

  it('allows nothing that the config does not want any more', () => {
    fc.assert(
      fc.property(policy, policy, (pinned, now) => {
        const { vaults, approval } = meet(pinned, now);
        for (const each of vaults) {
          const wanted = now.vaults.find(({ name }) => name === each.name);
          const most = wanted ?? { ...each, ttlMs: 0, scope: 'secret', writable: false };
          expect(isWithin(each, most)).toBe(true);
        }
        expect(isGentler(approval, now.approval)).toBe(true);
      }),
    );
  });

  it('is the approved one where nothing has changed, and stays once it was found', () => {
    fc.assert(
      fc.property(policy, policy, (pinned, now) => {
        expect(meet(pinned, pinned)).toEqual(pinned);
        const met = meet(pinned, now);
        expect(meet(met, now)).toEqual(met);
      }),
    );
  });
});

describe('the digest of a policy', () => {
  it('is the same for another order of vaults and webhooks, and only then', () => {
    fc.assert(
      fc.property(policy, policy, (one, other) => {
        const turned = { ...one, vaults: one.vaults.toReversed(), webhooks: one.webhooks.toReversed() };
        expect(digestOf(turned)).toBe(digestOf(one));
        expect(digestOf(one) === digestOf(other)).toBe(JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)));
      }),
    );
  });
});

function isWithin(one: VaultTerms, other: VaultTerms): boolean {
  return (
    one.ttlMs <= other.ttlMs &&
    (one.scope === 'secret' || other.scope === 'vault') &&
    (!one.writable || other.writable) &&
    (one.confirm === 'code' || other.confirm === 'tap')
  );
}

type Approval = EffectivePolicy['approval'];

function isGentler(one: Approval, other: Approval): boolean {
  return (
    one.expiresInMs <= other.expiresInMs &&
    one.maxOpen <= other.maxOpen &&
    one.maxPerHour <= other.maxPerHour &&
    one.cooldownMs >= other.cooldownMs
  );
}

function sorted(given: EffectivePolicy): unknown {
  const text = (value: unknown): string => JSON.stringify(value);
  return { ...given, vaults: given.vaults.map(text).sort(), webhooks: given.webhooks.map(text).sort() };
}
