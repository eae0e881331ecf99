import { describe, expect, test, vi } from 'vitest';
import { verifyDecision } from '../../src/approvers/evidence.ts';
import { openGate } from '../../src/approvers/gate.ts';
import { nobody } from '../../src/approvers/records.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Approvers } from '../../src/approvers/records.ts';
import { rowHash } from '../../src/audit/chain.ts';
import type { VerifyDecision } from '../../src/audit/checks/decisions.ts';
import type { Choice } from '../../src/core/choice.ts';
import { plainChoice } from '../../src/core/choice.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { origin, pairPasskey } from '../approvers/support.ts';
import { Authenticator } from '../support/authenticator.ts';
import { expectHonest, LivedWorld } from './lived.ts';
import { forced } from './stored.ts';

vi.setConfig({ testTimeout: 60_000 });

/** A log with three decisions that a passkey has signed: an approval, one of some of the names, and a denial. */
async function signedLog(): Promise<{ world: LivedWorld; approvers: Approvers }> {
  const world = await LivedWorld.open({ ttlMs: 600_000 });
  const { clock } = world;
  const roster = openRoster(world.stateFolder, clock);
  const phone = new Authenticator();
  await pairPasskey({ roster, clock }, phone);
  const publicOrigin = (): string => origin;
  const gate = openGate({ roster, publicOrigin, requiredFactor: () => 'link', clock, random: systemRandom });
  const decide = async (choice: Partial<Choice>): Promise<void> => {
    const asked = world.read(['A', 'B'], { tool: String(Object.keys(choice)) });
    const about = await world.asked();
    const draft = await world.approvals.draft(about, { ...plainChoice(true), ...choice });
    if (typeof draft === 'string') return expect.unreachable(draft);
    const occasion = { purpose: 'decision', about, origin } as const;
    const ceremony = await gate.begin(occasion, draft.body);
    if (ceremony.proved !== null) return expect.unreachable(ceremony.says);
    clock.pass(5_000);
    const proof = await gate.byPasskey(occasion, ceremony.id, phone.sign(ceremony.options, origin));
    if (!proof.proved) return expect.unreachable(proof.says);
    await world.approvals.decide(draft, proof);
    await asked;
  };
  await decide({});
  await decide({ names: ['B'], windowMs: 300_000 });
  await decide({ approve: false, note: 'not that' });
  await world.end();
  return { world, approvers: await roster.read() };
}

function by(approvers: Approvers): VerifyDecision {
  return (evidence) => verifyDecision({ ...evidence, approvers, rowHash });
}

describe('the signatures of decisions', () => {
  test('are checked, row by row', async () => {
    const { world, approvers } = await signedLog();
    const report = await world.verify({ verifyDecision: by(approvers) });
    expectHonest(report);
    expect(report).toMatchObject({ decisions: 3, signed: 5 });
    expect(report.limits.join()).not.toContain('signature');
  });

  test('that nobody checked are said to be that', async () => {
    const { world } = await signedLog();
    const report = await world.verify();
    expect([report.signed, report.limits]).toEqual([
      0,
      expect.arrayContaining(['The signatures of 5 rows were not checked.']),
    ]);
  });

  test('count for nothing when they are of a passkey that was never paired', async () => {
    const { world } = await signedLog();
    const { problems } = await world.verify({ verifyDecision: by(nobody) });
    expect(problems).toHaveLength(5);
    expect(problems[0]).toMatchObject({
      what: 'decision',
      says: 'it was signed by a passkey that was never paired here',
    });
  });

  test('are missed where they are gone, and noticed where they are another decision’s', async () => {
    for (const assertion of ['NULL', '(SELECT assertion FROM decisions AS d WHERE d.rowid = 2)', `'{}'`]) {
      const { world, approvers } = await signedLog();
      forced(world.file, `UPDATE decisions SET assertion = ${assertion} WHERE rowid = 1`);
      const { problems } = await world.verify({ verifyDecision: by(approvers) });
      expect(problems.map(({ row, what }) => [row, what])).toEqual([
        [4, 'decision'],
        [5, 'decision'],
      ]);
    }
  });
});
