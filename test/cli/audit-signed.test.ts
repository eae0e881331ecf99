import { beforeEach, describe, expect, it } from 'vitest';
import { openGate } from '../../src/approvers/gate.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import { plainChoice } from '../../src/core/choice.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { origin, pairPasskey } from '../approvers/support.ts';
import { withDatabase } from '../audit/stored.ts';
import { Authenticator } from '../support/authenticator.ts';
import { AuditStand } from './audit-stand.ts';

let stand: AuditStand;

beforeEach(async () => {
  stand = await AuditStand.open(async (world) => {
    const { clock, stateFolder } = world;
    const roster = openRoster(stateFolder, clock);
    const phone = new Authenticator();
    await pairPasskey({ roster, clock }, phone);
    const publicOrigin = (): string => origin;
    const gate = openGate({ roster, publicOrigin, requiredFactor: () => 'link', clock, random: systemRandom });
    const read = world.read(['A', 'B']);
    const request = await world.asked();
    const draft = await world.approvals.draft(request, plainChoice(true));
    if (typeof draft === 'string') throw new Error(draft);
    const occasion = { purpose: 'decision', about: request, origin } as const;
    const ceremony = await gate.begin(occasion, draft.body);
    if (ceremony.proved !== null) throw new Error(ceremony.says);
    const proof = await gate.byPasskey(occasion, ceremony.id, phone.sign(ceremony.options, origin));
    if (!proof.proved) throw new Error(proof.says);
    await world.approvals.decide(draft, proof);
    await read;
  });
});

describe('a decision that a passkey signed', () => {
  it('is shown and counted as such', async () => {
    const { stdout } = await stand.run('audit', 'show', '4');
    expect(stdout).toMatch(/signature\n {2}row 4: a paired passkey signed exactly this\n {2}row 5: a paired/u);
    const { code, stdout: found } = await stand.run('audit', 'verify', '--json');
    expect([code, JSON.parse(found)]).toEqual([3, expect.objectContaining({ signed: 2, problems: [] })]);
  });

  it('is not taken for one when the log says another thing than what was signed', async () => {
    withDatabase(stand.file, (database) => {
      database.exec('DROP TRIGGER decisions_no_update');
      database.exec(`UPDATE decisions SET body = replace(body, '"windowMs":0', '"windowMs":1')`);
    });
    expect((await stand.run('audit', 'show', '4')).stdout).toMatch(/row 4: NOT PROVED: /u);
    const { code, stdout } = await stand.run('audit', 'verify');
    expect([code, stdout]).toEqual([1, expect.stringContaining('TAMPERED, first at row 4')]);
  });

  it('is only counted where nobody was ever paired', async () => {
    const env = { AGENT_VAULT_STATE: `${stand.folder}/nobody` };
    const { stdout } = await stand.runWith(env, 'audit', 'verify', '--key', await stand.vkey(), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'unanchored', signed: 0 });
    expect(stdout).toContain('The signatures of 2 rows were not checked.');
  });
});
