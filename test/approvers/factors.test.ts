import { describe, expect, it } from 'vitest';
import { openGate } from '../../src/approvers/gate.ts';
import { factors } from '../../src/approvers/index.ts';
import { link } from '../../src/approvers/link.ts';
import { nobody } from '../../src/approvers/records.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { TestClock } from '../support/clock.ts';
import { newRoster } from './support.ts';

describe('the factors', () => {
  it('each have a name of their own, which stands in the audit log', () => {
    const names = factors.map(({ factor }) => factor);
    expect(names).toEqual(['link', 'totp', 'passkey']);
  });

  it('are ranked by what forging them takes', () => {
    expect(factors.map(({ strength }) => strength)).toEqual([0, 1, 2]);
  });

  it('count only for those who have them', () => {
    const place = { origin: 'https://vault.example.com', publicOrigin: 'https://vault.example.com' };
    expect(factors.filter((factor) => factor.counts(nobody, place))).toEqual([link]);
    expect(factors.filter((factor) => factor.counts({ ...nobody, generation: 2 }, place))).toEqual([]);
  });
});

describe('the link factor', () => {
  it('proves a link holder, whoever that is, and says so', async () => {
    const clock = new TestClock();
    const gate = openGate({
      roster: await newRoster(clock),
      publicOrigin: () => null,
      requiredFactor: () => 'link',
      clock,
      random: systemRandom,
    });
    const approver = { name: 'link holder', factor: 'link' };
    expect(await gate.byLink()).toEqual({ proved: true, approver, assertion: null });
    const { says } = await gate.ways('http://localhost:9999');
    expect(says).toContain('Anyone who has this link can decide');
    expect(says).toContain('agent-vault pair');
  });
});
