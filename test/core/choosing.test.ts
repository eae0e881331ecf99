import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { told, ttl, World } from '../support/world.ts';

const minute = 60_000;

describe('a person who approves', () => {
  it('may do so once, although the vault allows a window', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    await world.choose({ windowMs: 0 });
    expect(await answer).toBe('A=value-a');
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('gets no longer and no wider window than the policy allows, whatever was posted', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    await world.choose({ windowMs: ttl * 100, scope: 'vault' });
    await answer;
    expect(world.audit.of('approved')).toMatchObject([
      { scope: 'secret', ttlExpiresAt: new Date(world.clock.wall() + ttl).toISOString() },
    ]);
    expect(await world.glance(['B'])).toBe('pending');
    world.clock.pass(ttl);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('may choose a shorter window, and a single secret where the config allows the vault', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    const answer = told(world.read());
    await world.choose({ windowMs: ttl / 2, scope: 'secret' });
    await answer;
    expect(await world.glance(['B'])).toBe('pending');
    expect(await world.glance(['A'])).toBe('A=value-a');
    world.clock.pass(ttl / 2);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it.each([
    ['a name that was not asked for', { names: ['A', 'C'] }],
    ['no name at all', { names: [] }],
    ['some names and the whole vault', { names: ['A'], scope: 'vault', windowMs: ttl } as const],
    ['a window that is no number', { windowMs: NaN }],
    ['a window of negative length', { windowMs: -1 }],
  ])('cannot choose %s', async (_, choice) => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    void told(world.read(['A', 'B']));
    expect(await world.choose(choice)).toBe('invalid');
    expect(world.audit.actions()).toEqual(['requested', 'requested']);
  });

  it('cannot approve half of a write', async () => {
    const world = new World();
    void world.write([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]);
    expect(await world.choose({ names: ['A'] })).toBe('invalid');
  });
});

describe('a batch of which some names are unticked', () => {
  it('gives the others, and says which were refused', async () => {
    const world = new World();
    const answer = world.read(['A', 'B', 'C']);
    expect(await world.choose({ names: ['A', 'C'] })).toBe('recorded');
    const outcome = await answer;
    expect(await told(Promise.resolve(outcome))).toBe('A=value-a C=value-c');
    expect(outcome).toMatchObject({ refused: ['B'] });
    const rows = world.audit.rows.map(({ action, secretName }) => `${action} ${secretName}`);
    expect(rows.slice(3)).toEqual(['approved A', 'approved C', 'denied B', 'released A', 'released C']);
  });

  it('opens a window for the approved names only', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = world.read(['A', 'B']);
    await world.choose({ names: ['A'], windowMs: ttl });
    await answer;
    expect(await world.glance(['A'])).toBe('A=value-a');
    expect(await world.glance(['B'])).toBe('pending');
  });

  it('does not hand out what was refused, although a window on the vault had been open', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    // Two calls wait: the first opens a window on the vault, the second refuses B in it.
    const first = world.read(['A'], { tool: 'get_secret' });
    const one = await world.asked(1);
    const second = world.read(['B', 'C']);
    const two = await world.asked(2);
    await world.decide(true, one);
    await first;
    expect(await world.glance(['B'])).toBe('B=value-b');
    await world.choose({ names: ['C'] }, two);
    expect(await second).toMatchObject({ refused: ['B'] });
    expect(await world.glance(['B'])).toBe('pending');
    expect(await world.glance(['A'])).toBe('A=value-a');
  });

  it('a denied name leaves the open windows of every session', async () => {
    const world = new World({ ttlMs: ttl });
    const theirs = world.read(['A'], { session: world.other });
    await world.decide(true, await world.asked(1));
    await theirs;
    const ours = told(world.read(['A']));
    await world.decide(false, await world.asked(2));
    expect(await ours).toBe('denied');
    const again = told(world.read(['A'], { session: world.other, call: world.call({ budgetMs: 1 }) }));
    await world.settle();
    world.clock.pass(1);
    expect(await again).toBe('pending');
  });
});

describe('a person who denies', () => {
  it('can say why: the note reaches the agent, made harmless and not too long', async () => {
    const world = new World();
    const answer = world.read();
    await world.choose({ approve: false, note: `  use staging\u202e ${'x'.repeat(600)}` });
    const outcome = await answer;
    expect(outcome).toMatchObject({ status: 'denied' });
    const note = 'note' in outcome ? outcome.note : null;
    expect(note).toContain('use staging\\u{202e} xxx');
    expect(Array.from(note ?? '')).toHaveLength(500);
    expect(world.audit.of('denied')[0]?.detail).toMatchObject({ note });
  });

  it('is not asked for the same names for a while, however it is asked; then again', async () => {
    const world = new World({}, { cooldownMs: 10 * minute });
    const answer = told(world.read());
    await world.decide(false);
    expect(await answer).toBe('denied');
    world.clock.pass(4 * minute);
    const refusal = { failure: 'denied_recently', names: ['A'] };
    await expect(world.read(['A'])).rejects.toMatchObject({
      ...refusal,
      message: 'A: denied 4 minutes ago; ask the person before you try again',
    });
    await expect(world.read(['C', 'A'], { tool: 'another', reason: 'please' })).rejects.toMatchObject(refusal);
    expect(world.announced).toHaveLength(1);
    expect(world.audit.of('refused')).toMatchObject([
      { secretName: 'A', detail: { cause: 'denied_recently' } },
      { secretName: 'A', detail: { cause: 'denied_recently' } },
    ]);
    expect(await world.glance(['B'])).toBe('pending');
    world.clock.pass(6 * minute);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('is asked for another name, by another session and for a write all the same', async () => {
    const world = new World({}, { cooldownMs: 10 * minute });
    const answer = told(world.read());
    await world.decide(false);
    await answer;
    void told(world.read(['B']));
    await world.asked(2);
    void told(world.read(['A'], { session: world.other }));
    await world.asked(3);
    void world.write([{ name: 'A', value: 'new' }]).catch(() => undefined);
    await world.asked(4);
  });

  it('can lift it, which is written down', async () => {
    const world = new World({}, { cooldownMs: 10 * minute });
    const answer = told(world.read());
    const id = await world.asked();
    await world.decide(false);
    await answer;
    expect(world.approvals.view(id)?.coolingMs).toBe(10 * minute);
    expect(await world.approvals.lift(id)).toBe(true);
    expect(world.approvals.view(id)?.coolingMs).toBe(0);
    expect(await world.approvals.lift(id)).toBe(false);
    expect(world.audit.of('lifted')).toHaveLength(1);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('can mute the session for an hour: what it asks is refused, what waits is withdrawn', async () => {
    const world = new World({}, { cooldownMs: 0 });
    const [first, second] = [told(world.read(['A'])), told(world.read(['B']))];
    await world.asked(2);
    const ids = world.announced.map(({ requestId }) => requestId);
    await world.choose({ approve: false, mute: true }, ids[0]);
    expect([await first, await second]).toEqual(['denied', 'withdrawn']);
    await expect(world.read(['C'])).rejects.toMatchObject({ failure: 'session_muted' });
    await expect(world.write([{ name: 'C', value: 'x' }])).rejects.toMatchObject({ failure: 'session_muted' });
    expect(world.audit.of('denied')[0]?.detail).toMatchObject({ mute: true });
    expect(world.audit.of('refused').map(({ detail }) => detail)).toEqual([
      { cause: 'session_muted' },
      { cause: 'session_muted' },
    ]);
    void told(world.read(['C'], { session: world.other }));
    await world.asked(3);
    world.clock.pass(60 * minute);
    expect(await world.glance(['C'])).toBe('pending');
  });

  it('denies even when the denial cannot be recorded, and then too is not asked again at once', async () => {
    const world = new World({}, { cooldownMs: 10 * minute });
    const answer = told(world.read());
    await world.asked();
    world.audit.failing = true;
    expect(await world.decide(false)).toBe('recorded');
    expect(await answer).toBe('denied');
    world.audit.failing = false;
    await expect(world.read()).rejects.toMatchObject({ failure: 'denied_recently' });
  });
});

describe('a session that asks much', () => {
  it('has three requests announced at the same time; further ones wait quietly on the pages of these', async () => {
    const world = new World();
    for (const name of ['A', 'B', 'C']) void told(world.read([name]));
    await world.settle();
    void told(world.read(['A', 'B']));
    const last = await world.asked(4);
    expect(world.announced.map(({ quiet }) => quiet)).toEqual([false, false, false, true]);
    const [first] = world.announced;
    expect(first && world.approvals.view(first.requestId)?.others).toContain(last);
    expect(await world.decide(true, last)).toBe('recorded');
  });

  it('is told of a quiet one that is asked for again when the others have been answered', async () => {
    const world = new World();
    for (const name of ['A', 'B', 'C']) void told(world.read([name]));
    await world.settle();
    void told(world.read(['A', 'B']));
    await world.asked(4);
    const [first] = world.announced;
    await world.decide(true, first?.requestId);
    void told(world.read(['A', 'B']));
    await world.asked(5);
    expect(world.announced.at(-1)).toMatchObject({ quiet: false, first: true });
  });

  it('is told of the oldest quiet one once all that they were told of were taken back', async () => {
    const world = new World();
    const aborts = ['A', 'B', 'C'].map((name) => {
      const abort = new AbortController();
      void told(world.read([name], { call: world.call({ signal: abort.signal, byPerson: true }) }));
      return abort;
    });
    await world.settle();
    void told(world.read(['A', 'B']));
    await world.settle();
    void told(world.read(['B', 'C']));
    await world.asked(5);
    for (const abort of aborts.slice(1)) abort.abort();
    await world.settle();
    expect(world.announced).toHaveLength(5);
    aborts[0]?.abort();
    await world.settle();
    const [, , , fourth, , sixth] = world.announced;
    expect(world.announced).toHaveLength(6);
    expect(sixth).toMatchObject({ requestId: fourth?.requestId, quiet: false, first: true });
    // Its page leads to the fifth.
    await world.decide(true, fourth?.requestId);
    await world.settle();
    expect(world.announced).toHaveLength(6);
  });

  it('is not told of a quiet one to which the pages of decisions have led', async () => {
    const world = new World();
    for (const name of ['A', 'B', 'C']) void told(world.read([name]));
    await world.settle();
    void told(world.read(['A', 'B']));
    await world.asked(4);
    for (const { requestId } of world.announced.slice(0, 3)) await world.decide(true, requestId);
    await world.settle();
    expect(world.announced).toHaveLength(4);
  });

  it('is not told of a quiet one that ends along with the others', async () => {
    const world = new World();
    for (const name of ['A', 'B', 'C']) void told(world.read([name]));
    await world.settle();
    void told(world.read(['A', 'B']));
    await world.asked(4);
    world.broker.endSession(world.session.id, 'the client is gone');
    await world.settle();
    expect(world.announced).toHaveLength(4);
  });

  it('is not told of a quiet one whose call has gone', async () => {
    const world = new World();
    for (const name of ['A', 'B', 'C']) void told(world.read([name]));
    await world.settle();
    const pending = told(world.read(['A', 'B'], { call: world.call({ budgetMs: 1 }) }));
    await world.asked(4);
    world.clock.pass(1);
    expect(await pending).toBe('pending');
    for (const { requestId } of world.announced.slice(0, 3)) await world.decide(false, requestId);
    await world.settle();
    expect(world.announced).toHaveLength(4);
  });

  it('is refused beyond so many requests in an hour, which is written down', async () => {
    const world = new World({}, { maxPerHour: 3 });
    for (const name of ['A', 'B', 'C']) {
      const answer = told(world.read([name]));
      await world.decide();
      await answer;
    }
    await expect(world.read(['A'])).rejects.toMatchObject({ failure: 'too_many_requests' });
    expect(world.audit.of('refused')).toMatchObject([{ secretName: 'A', detail: { cause: 'too_many_requests' } }]);
    void told(world.read(['A'], { session: world.other }));
    await world.asked(4);
    world.clock.pass(60 * minute);
    expect(await world.glance(['A'])).toBe('pending');
  });
});

describe('a vault that asks for the digits at the terminal', () => {
  it('is approved with these digits and no others', async () => {
    const world = new World({ confirm: 'code' });
    const answer = told(world.read());
    const id = await world.asked();
    const code = world.announced[0]?.code ?? '';
    expect(code).toMatch(/^\d\d$/u);
    expect(world.approvals.view(id)?.needsCode).toBe(true);
    const other = code === '00' ? '01' : '00';
    expect(await world.choose({ code: other })).toBe('code');
    expect(await world.choose({ code: null })).toBe('code');
    expect(await world.choose({ code })).toBe('recorded');
    expect(await answer).toBe('A=value-a');
  });

  it('ends the request after three wrong codes, and is denied without one', async () => {
    const world = new World({ confirm: 'code' });
    const answer = told(world.read());
    await world.asked();
    const code = world.announced[0]?.code ?? '';
    for (let tries = 0; tries < 3; tries += 1) expect(await world.choose({ code: 'no' })).toBe('code');
    expect(await world.choose({ code })).toBe('ended');
    expect(await answer).toBe('withdrawn');
    expect(world.audit.of('withdrawn')[0]?.detail).toMatchObject({ cause: '3 wrong codes' });
    const next = told(world.read());
    await world.asked(2);
    expect(await world.choose({ approve: false })).toBe('recorded');
    expect(await next).toBe('denied');
  });

  it('shows no code where a tap is enough', async () => {
    const world = new World();
    void told(world.read());
    await world.asked();
    expect(world.announced[0]?.code).toBeNull();
  });
});

describe('what is signed', () => {
  it('holds all that was decided, and its hash stands in the log', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = world.read(['A', 'B']);
    const id = await world.asked();
    await world.choose({ names: ['B'], windowMs: 1_000 });
    await answer;
    const [record] = world.audit.decisions;
    expect(JSON.parse(record?.body ?? '')).toEqual({
      version: 2,
      request: id,
      approve: true,
      session: 's1',
      agent: 'tester 1',
      folder: '/somewhere',
      operation: 'read',
      vault: 'v',
      secrets: [{ id: 'B', name: 'B' }],
      refused: [{ id: 'A', name: 'A' }],
      reason: 'because',
      windowMs: 1_000,
      scope: 'secret',
      note: null,
      mute: false,
      config: null,
      policy: world.policies.version(),
      issuedAt: new Date(world.clock.wall()).toISOString(),
      expiresAt: new Date(world.clock.wall() + 300_000).toISOString(),
    });
    expect(
      createHash('sha256')
        .update(record?.body ?? '')
        .digest('hex'),
    ).toMatch(/^[0-9a-f]{64}$/u);
  });

  it('does not count any more once the policy is another', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    const id = await world.asked();
    const draft = await world.approvals.draft(id, { ...choice, windowMs: ttl });
    if (typeof draft === 'string') throw new Error(draft);
    world.policies.policy = { ...world.policies.policy, ttlMs: 1 };
    const proof = { approver: { name: 'x', factor: 'passkey' }, assertion: '{}' } as const;
    expect(await world.approvals.decide(draft, proof)).toBe('changed');
    expect(world.approvals.view(id)?.state).toBe('pending');
    await world.decide();
    expect(await answer).toBe('A=value-a');
  });
});

const choice = {
  approve: true,
  names: null,
  windowMs: 0,
  scope: 'secret',
  note: null,
  mute: false,
  code: null,
  config: null,
} as const;

describe('a request that was made under a policy which has become stricter', () => {
  const stricter = [
    ['the vault is not writable any more', { writable: false }],
    ['the two digits are to be typed', { confirm: 'code' }],
  ] as const;

  for (const [change, policy] of stricter) {
    it(`cannot be approved: ${change}`, async () => {
      const world = new World();
      const answer = world.write([{ name: 'A', value: 'new' }]);
      await world.asked();
      world.policies.policy = { ...world.policies.policy, ...policy };
      expect(await world.choose({})).toBe('ended');
      expect(await answer).toMatchObject({ status: 'withdrawn' });
      expect(world.provider.values.get('A')).toBe('value-a');
      expect(world.audit.of('withdrawn')[0]?.detail).toEqual({ cause: 'the policy of the vault has changed' });
    });
  }

  it('can be denied', async () => {
    const world = new World();
    const answer = world.write([{ name: 'A', value: 'new' }]);
    await world.asked();
    world.policies.policy = { ...world.policies.policy, writable: false };
    expect(await world.choose({ approve: false })).toBe('recorded');
    expect(await answer).toMatchObject({ status: 'denied' });
  });

  it('can be approved where only windows are shorter: then for no longer than that', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    await world.asked();
    world.policies.policy = { ...world.policies.policy, ttlMs: 0 };
    await world.choose({ windowMs: ttl });
    expect(await answer).toBe('A=value-a');
    expect(await world.glance(['A'])).toBe('pending');
  });
});

describe('a config that waits for a person', () => {
  const proposal = (world: World) => ({
    digest: 'd1',
    isNew: true,
    file: 'agent-vault.config.json',
    lines: [],
    policy: { ...world.policies.policy, ttlMs: ttl },
  });

  it('opens no window, unless it is approved along with the request', async () => {
    const world = new World();
    world.policies.proposed = proposal(world);
    const answer = told(world.read());
    const id = await world.asked();
    expect(world.approvals.view(id)).toMatchObject({ windowMs: 0, proposal: { digest: 'd1', windowMs: ttl } });
    await world.choose({ windowMs: ttl });
    expect(await answer).toBe('A=value-a');
    expect(await world.glance(['A'])).toBe('pending');
    expect(world.policies.accepted).toEqual([]);
  });

  it('is approved by the same tap, and written down before it counts', async () => {
    const world = new World();
    world.policies.proposed = proposal(world);
    const answer = told(world.read());
    await world.choose({ windowMs: ttl, config: 'd1' });
    expect(await answer).toBe('A=value-a');
    expect(world.policies.accepted).toEqual(['d1']);
    expect(world.audit.of('config_approved')).toMatchObject([{ approver: 'link holder', detail: { config: 'd1' } }]);
    expect(await world.glance(['A'])).toBe('A=value-a');
  });

  it('is not approved when the log cannot be written', async () => {
    const world = new World();
    world.policies.proposed = proposal(world);
    void told(world.read());
    await world.asked();
    world.audit.failing = true;
    expect(await world.choose({ windowMs: ttl, config: 'd1' })).toBe('unrecorded');
    expect(world.policies.accepted).toEqual([]);
  });

  it('is not approved by a denial, nor if it is another by now', async () => {
    const world = new World();
    world.policies.proposed = proposal(world);
    const answer = told(world.read());
    await world.asked();
    expect(await world.choose({ config: 'd0' })).toBe('changed');
    await world.choose({ approve: false, config: 'd1' });
    expect(await answer).toBe('denied');
    expect(world.policies.accepted).toEqual([]);
  });

  it('leaves the approval to count once when it cannot be kept', async () => {
    const world = new World();
    world.policies.proposed = proposal(world);
    world.policies.failing = true;
    const answer = told(world.read());
    await world.choose({ windowMs: ttl, config: 'd1' });
    expect(await answer).toBe('A=value-a');
    expect(await world.glance(['A'])).toBe('pending');
    expect(world.log.lines.join('\n')).toContain('is not in force');
  });
});

describe('the board of an approver', () => {
  it('shows what waits, what is open and what was decided', async () => {
    const world = new World({ ttlMs: ttl });
    const board = world.board();
    const read = world.read(['A', 'B']);
    const id = await world.asked();
    expect(board.view()).toMatchObject({ requests: [{ id }], windows: [], recent: [] });
    await world.decide();
    await read;
    expect(board.view()).toMatchObject({
      requests: [],
      windows: [{ request: id, vault: 'v', names: ['A', 'B'], remainingMs: ttl, approver: { name: 'link holder' } }],
      recent: [{ id, state: 'released' }],
    });
    world.clock.pass(ttl);
    expect(board.view().windows).toEqual([]);
  });

  it('ends one window or all of them, which is written down with who did it', async () => {
    const world = new World({ ttlMs: ttl });
    const board = world.board();
    for (const name of ['A', 'B', 'C']) {
      const answer = told(world.read([name]));
      await world.decide();
      await answer;
    }
    const by = { name: 'phone', factor: 'passkey' } as const;
    const [first] = board.view().windows;
    expect(first && (await board.endWindows(first.request, by))).toBe(1);
    expect(await world.glance(first?.names?.slice() ?? [])).toBe('pending');
    expect(await board.endWindows('all', by)).toBe(2);
    expect(board.view().windows).toEqual([]);
    expect(world.audit.of('window_closed')).toMatchObject([
      { secretName: first?.names?.[0], detail: { cause: 'ended by a person', by: 'phone', factor: 'passkey' } },
      {},
      {},
    ]);
    expect(await board.endWindows('all', by)).toBe(0);
  });

  it('tells when something has changed, until nobody listens', async () => {
    const world = new World({ ttlMs: ttl });
    const board = world.board();
    let told = 0;
    const stop = board.onChange(() => (told += 1));
    void world.read();
    await world.asked();
    expect(told).toBeGreaterThan(0);
    const before = told;
    await world.decide();
    await world.settle();
    expect(told).toBeGreaterThan(before);
    stop();
    const end = told;
    void world.read(['B']);
    await world.asked(2);
    expect(told).toBe(end);
  });
});
