import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyDecision } from '../../src/approvers/evidence.ts';
import type { Verdict } from '../../src/approvers/evidence.ts';
import { openGate } from '../../src/approvers/gate.ts';
import type { Approvers } from '../../src/approvers/records.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import { columns, rowHash } from '../../src/audit/chain.ts';
import { openAudit } from '../../src/audit/log.ts';
import { canonical, sha256 } from '../../src/core/canonical.ts';
import type { Json } from '../../src/core/canonical.ts';
import { plainChoice } from '../../src/core/choice.ts';
import type { Choice } from '../../src/core/choice.ts';
import type { Entry } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { readAll } from '../audit/stored.ts';
import { Authenticator } from '../support/authenticator.ts';
import { World } from '../support/world.ts';
import { origin, pairPasskey } from './support.ts';

type Row = Record<string, unknown>;

interface Asking {
  readonly write?: boolean;
  /** Whether the provider knows the secrets by other ids and titles than their names. */
  readonly titled?: boolean;
  /** Whether the passkey is removed in the end. */
  readonly removed?: boolean;
}

interface Stored {
  readonly rows: readonly Row[];
  readonly decision: { readonly request_id: string; readonly body: string; readonly assertion: string | null };
  readonly approvers: Approvers;
}

/** Lets an agent ask, a passkey sign what `choice` makes of it, and gives what then stands in a database and in the state folder. */
async function decided(choice: Partial<Choice>, ask: Asking = {}): Promise<Stored> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-evidence-'));
  const world = new World({ ttlMs: 900_000, scope: 'vault' });
  const { clock } = world;
  if (ask.titled === true) Object.assign(world.provider, { resolve });
  const roster = openRoster(folder, clock);
  const phone = new Authenticator();
  const passkey = await pairPasskey({ roster, clock }, phone);
  const gate = openGate({
    roster,
    publicOrigin: () => origin,
    requiredFactor: () => 'link',
    clock,
    random: systemRandom,
  });
  const asked = ask.write === true ? world.write([{ name: 'A', value: 'x' }]) : world.read(['A', 'B', 'C#field']);
  asked.catch(() => undefined);
  const request = await world.asked();
  clock.pass(20_000);
  const draft = await world.approvals.draft(request, { ...plainChoice(true), ...choice });
  if (typeof draft === 'string') throw new Error(draft);
  const occasion = { purpose: 'decision', about: request, origin } as const;
  const ceremony = await gate.begin(occasion, draft.body);
  if (ceremony.proved !== null) throw new Error(ceremony.says);
  clock.pass(15_000);
  const proof = await gate.byPasskey(occasion, ceremony.id, phone.sign(ceremony.options, origin));
  if (!proof.proved) throw new Error(proof.says);
  await world.approvals.decide(draft, proof);
  if (ask.removed === true) await roster.remove(passkey.id, { by: proof, before: async () => undefined });
  const file = join(folder, 'agent-vault.db');
  await write(file, world);
  const rows = readAll(file).filter(({ action }) => action === 'approved' || action === 'denied');
  const [decision] = readAll(file, 'decisions') as unknown as [Stored['decision']];
  const approvers = await roster.read();
  await rm(folder, { recursive: true });
  return { rows, decision, approvers };
}

async function resolve(names: readonly string[]): Promise<readonly Entry[]> {
  return names.map((name) => ({ id: `id of ${name}`, name, title: `title of ${name}` }));
}

/** What the world kept in memory, in a real log. */
async function write(file: string, { audit, clock, log }: World): Promise<void> {
  const stored = openAudit({ file: { path: file, followLinks: true }, clock, log, onCommitted: () => undefined });
  const isDecision = (action: string): boolean => action === 'approved' || action === 'denied';
  await stored.append(audit.rows.filter(({ action }) => !isDecision(action)));
  await stored.append(
    audit.rows.filter(({ action }) => isDecision(action)),
    audit.decisions[0],
  );
  await stored.close();
}

async function check({ decision, approvers }: Stored, row: Row): Promise<Verdict> {
  return verifyDecision({ row, decision, approvers, rowHash });
}

/** Like somebody who can write the database and knows the rule. */
function rehashed(row: Row): Row {
  const cells = columns.map((column) => row[column] as string | null);
  return { ...row, hash: rowHash(row['id'] as number, cells, row['prev_hash'] as string) };
}

const ok = { ok: true };

describe('a signed decision', () => {
  it.each<[string, Partial<Choice>, Asking, string[]]>([
    ['an approval for once', {}, {}, ['approved', 'approved', 'approved']],
    ['an approval for a time', { windowMs: 300_000 }, {}, ['approved', 'approved', 'approved']],
    ['an approval of the whole vault', { windowMs: 900_000, scope: 'vault' }, {}, ['approved', 'approved', 'approved']],
    ['an approval of some of the names', { names: ['B'] }, {}, ['approved', 'denied', 'denied']],
    [
      'an approval of some of the names for a time',
      { names: ['A', 'B'], windowMs: 1 },
      {},
      ['approved', 'approved', 'denied'],
    ],
    [
      'an approval with a note on what is left out',
      { names: ['A'], note: 'not that' },
      {},
      ['approved', 'denied', 'denied'],
    ],
    ['an approved write', {}, { write: true }, ['approved']],
    ['an approval of secrets with ids and titles', {}, { titled: true }, ['approved', 'approved', 'approved']],
    ['a denial', { approve: false }, {}, ['denied', 'denied', 'denied']],
    [
      'a denial with a note and a mute',
      { approve: false, note: 'no\nmore', mute: true },
      {},
      ['denied', 'denied', 'denied'],
    ],
  ])('verifies from the database and the public key: %s', async (_, choice, ask, actions) => {
    const stored = await decided(choice, ask);
    expect(stored.rows.map(({ action }) => action)).toEqual(actions);
    expect(await Promise.all(stored.rows.map((row) => check(stored, row)))).toEqual(actions.map(() => ok));
  });

  it('verifies after its passkey was removed, with what is kept of it', async () => {
    const stored = await decided({}, { removed: true });
    expect(stored.approvers.approvers).toEqual([]);
    expect(await Promise.all(stored.rows.map((row) => check(stored, row)))).toEqual([ok, ok, ok]);
    const [passkey] = stored.approvers.former;
    const earlier = { ...passkey!, removedAt: '2026-01-02T03:04:10.000Z' };
    const before = { ...stored, approvers: { ...stored.approvers, former: [earlier] } };
    expect(await check(before, stored.rows[0] ?? {})).toMatchObject({ problem: expect.stringContaining('timestamp') });
    const nobody = { ...stored, approvers: { ...stored.approvers, former: [] } };
    expect(await check(nobody, stored.rows[0] ?? {})).toMatchObject({
      problem: expect.stringContaining('never paired here'),
    });
  });
});

describe('what was signed', () => {
  let stored: Stored;
  let row: Row;
  beforeAll(async () => {
    stored = await decided({ names: ['A', 'C#field'], windowMs: 300_000 });
    row = stored.rows[0] ?? {};
  });

  it('verifies as it stands', async () => {
    expect(await check(stored, row)).toEqual(ok);
    expect(await check(stored, rehashed(row))).toEqual(ok);
  });

  it('does not verify with any one column changed', async () => {
    const names = Object.keys(row);
    expect(names).toHaveLength(17);
    for (const name of names) {
      const changed = {
        ...row,
        [name]: name === 'id' ? 1_000 : `${String(row[name])}x`,
      };
      expect([name, await check(stored, changed)]).toEqual([name, { ok: false, problem: expect.any(String) }]);
      expect([name, await check(stored, { ...row, [name]: null })]).toEqual([
        name,
        { ok: false, problem: expect.any(String) },
      ]);
    }
  });

  it.each<[string, unknown]>([
    ['timestamp', '2026-01-02T03:07:00.000Z'],
    ['timestamp', '2026-01-02T03:00:00.000Z'],
    ['secret_name', 'B'],
    ['secret_name', 'C'],
    ['reason', 'because I say so'],
    ['action', 'denied'],
    ['action', 'auto_approved'],
    ['scope', 'vault'],
    ['ttl_expires_at', '2026-01-03T03:04:05.000Z'],
    ['ttl_expires_at', null],
    ['vault', 'production'],
    ['operation', 'write'],
    ['request_id', 'another'],
    ['session', 's2'],
    ['agent', 'tester 2'],
    ['approver', 'Eve’s phone'],
    ['factor', 'link'],
    ['detail', null],
    ['detail', '{}'],
    ['detail', `{"decision":"${'0'.repeat(64)}"}`],
  ])('does not verify with another %s (%s), though the row’s hash was made anew', async (column, value) => {
    expect(await check(stored, rehashed({ ...row, [column]: value }))).toMatchObject({ ok: false });
  });

  it.each(['title', 'secretId', 'note', 'mute', 'anything'])(
    'does not verify with a %s in the detail that was not signed',
    async (key) => {
      const detail = JSON.stringify({ ...JSON.parse(String(row['detail'])), [key]: 'x' });
      expect(await check(stored, rehashed({ ...row, detail }))).toMatchObject({
        problem: expect.stringContaining('detail'),
      });
    },
  );

  it('does not verify for a name that the approval left out', async () => {
    const [, , left] = stored.rows;
    expect(left).toMatchObject({ secret_name: 'B', action: 'denied' });
    const changed = rehashed({ ...left, action: 'approved', ttl_expires_at: row['ttl_expires_at'] });
    expect(await check(stored, changed)).toMatchObject({ problem: 'the column action does not say what was signed' });
  });

  it('does not verify with any member of the decision changed, in the row as well', async () => {
    const body = JSON.parse(stored.decision.body) as Record<string, Json>;
    const names = Object.keys(body);
    expect(names).toHaveLength(19);
    for (const name of names) {
      const text = canonical({ ...body, [name]: altered(body[name] ?? null) });
      const detail = canonical({ ...JSON.parse(String(row['detail'])), decision: sha256(text) });
      const changed = { ...stored, decision: { ...stored.decision, body: text } };
      expect([name, await check(changed, rehashed({ ...row, detail }))]).toEqual([
        name,
        { ok: false, problem: expect.any(String) },
      ]);
    }
  });

  it('does not verify with a decision that is written in another way', async () => {
    const body = ` ${stored.decision.body}`;
    const detail = canonical({ ...JSON.parse(String(row['detail'])), decision: sha256(body) });
    const changed = { ...stored, decision: { ...stored.decision, body } };
    expect(await check(changed, rehashed({ ...row, detail }))).toEqual({
      ok: false,
      problem: 'what was decided cannot be read',
    });
  });

  it('does not verify with any member of the signature changed', async () => {
    const assertion = JSON.parse(stored.decision.assertion ?? '') as Record<string, Json>;
    const names = Object.keys(assertion);
    expect(names).toHaveLength(12);
    for (const name of names) {
      const changed = canonical({ ...assertion, [name]: altered(assertion[name] ?? null) });
      const decision = { ...stored.decision, assertion: changed };
      expect([name, await check({ ...stored, decision }, row)]).toEqual([
        name,
        { ok: false, problem: expect.any(String) },
      ]);
    }
  });

  it('does not verify with another public key of the same name', async () => {
    const other = new Authenticator();
    const approvers = stored.approvers.approvers.map((approver) => ({ ...approver, publicKey: other.publicKey }));
    expect(await check({ ...stored, approvers: { ...stored.approvers, approvers } }, row)).toMatchObject({ ok: false });
  });

  it('does not verify when the decision of another request stands beside it', async () => {
    const other = await decided({ names: ['A', 'C#field'], windowMs: 300_000 });
    expect(await check({ ...other, approvers: stored.approvers }, row)).toMatchObject({ ok: false });
    expect(await check({ ...stored, decision: other.decision }, row)).toMatchObject({ ok: false });
    const { request_id } = other.decision;
    const misplaced = { ...stored.decision, request_id };
    expect(await check({ ...stored, decision: misplaced }, row)).toMatchObject({ ok: false });
  });

  it('is nothing where only a link or a code was used', async () => {
    const decision = { ...stored.decision, assertion: null };
    const problem = 'this decision was not signed: it was made without a passkey';
    expect(await check({ ...stored, decision }, row)).toEqual({ ok: false, problem });
  });

  it.each(['', 'null', '{}', '[]', '{"version":1}'])('is nothing when the signature is %j', async (assertion) => {
    const decision = { ...stored.decision, assertion };
    expect(await check({ ...stored, decision }, row)).toEqual({ ok: false, problem: 'the signature cannot be read' });
  });
});

/** Something of the same kind that is not the same. */
function altered(value: Json): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') return value === null ? 'x' : [];
  if (/^\d{4}-/.test(value)) return value.replace(/\d\.000Z$/, (end) => `${String((Number(end[0]) + 1) % 10)}.000Z`);
  if (value === 'secret') return 'vault';
  return `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`;
}
