import { describe, expect, it } from 'vitest';
import type { Approvers, PairedApprover } from '../../src/approvers/records.ts';
import { nobody } from '../../src/approvers/records.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Standing, Tier } from '../../src/doctor/tier.ts';
import { tierOf } from '../../src/doctor/tier.ts';

const common = { id: 'aaaaaaaaaaaaaaaaaaaaa', addedAt: '2026-01-02T03:04:05.000Z', fingerprint: '7F3A 91C2 5D0E' };
const app: PairedApprover = {
  ...common,
  name: 'app',
  factor: 'totp',
  secret: new Secret('x'),
  lastStep: 0,
  failures: 0,
  blockedUntil: null,
};
const phone: PairedApprover = {
  ...common,
  name: 'phone',
  factor: 'passkey',
  credentialId: 'x',
  publicKey: 'x',
  counter: 0,
  transports: [],
  deviceType: 'singleDevice',
  backedUp: false,
  rpId: 'vault.example.test',
  origin: 'https://vault.example.test',
};
const paired = (...approvers: PairedApprover[]): Approvers => ({ generation: 1, approvers, former: [], resetAt: null });

describe('the tier', () => {
  it.each([
    ['nobody was ever paired', { approvers: nobody }, 0],
    ['an app is paired', { approvers: paired(app) }, 1],
    ['a passkey is paired', { approvers: paired(phone) }, 2],
    ['a passkey is paired, and we run as another user', { approvers: paired(phone), isApart: true }, 3],
    ['the weaker of two counts', { approvers: paired(phone, app), isApart: true }, 1],
    ['limits let only the passkey count', { approvers: paired(phone, app), required: 'passkey' }, 2],
    ['limits let nothing that is paired count', { approvers: paired(app), required: 'passkey' }, null],
    ['limits ask for a factor that nobody has', { approvers: nobody, required: 'totp' }, null],
    ['all were taken away', { approvers: paired() }, null],
    ['who may approve cannot be read', { approvers: null }, null],
  ] as [string, Partial<Standing>, Tier['reached']][])('when %s', (_what, standing, reached) => {
    const tier = tierOf({ approvers: nobody, required: 'link', isApart: false, ...standing });
    expect(tier.reached).toBe(reached);
    expect(tier.next === null).toBe(reached === 3);
  });
});
