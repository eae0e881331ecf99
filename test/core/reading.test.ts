import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { told, ttl, World } from '../support/world.ts';

describe('a read', () => {
  it('releases after an approval, with the rows in order and the row before the value', async () => {
    const world = new World();
    const answer = told(world.read());
    await world.decide();
    expect(await answer).toBe('A=value-a');
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'released']);
  });

  it('releases nothing after a denial', async () => {
    const world = new World();
    const answer = told(world.read());
    await world.decide(false);
    expect(await answer).toBe('denied');
    expect(world.provider.fetches).toBe(0);
    expect(world.audit.actions()).toEqual(['requested', 'denied']);
  });

  it('does not fetch before the approval', async () => {
    const world = new World();
    const answer = told(world.read());
    await world.asked();
    expect(world.provider.fetches).toBe(0);
    await world.decide();
    await answer;
    expect(world.provider.fetches).toBe(1);
  });

  it('expires when nobody answers, by either clock', async () => {
    for (const pass of [
      (world: World) => world.clock.pass(300_000),
      (world: World) => (world.clock.setWall(300_000), world.clock.pass(1_000)),
    ]) {
      const world = new World();
      const answer = told(world.read());
      const id = await world.asked();
      pass(world);
      expect(await answer).toBe('expired');
      expect(await world.decide(true, id)).toBe('ended');
      expect(world.audit.actions()).toEqual(['requested', 'expired']);
    }
  });

  it('asks again each time when ttl is 0', async () => {
    const world = new World();
    const first = told(world.read());
    await world.decide();
    await first;
    const second = told(world.read());
    await world.asked(2);
    await world.decide(false);
    expect(await second).toBe('denied');
  });

  it('releases nothing when the release itself cannot be recorded', async () => {
    const world = new World();
    let open = (): void => undefined;
    world.provider.gate = new Promise((resolve) => (open = resolve));
    const answer = world.read();
    await world.decide();
    await world.settle();
    world.audit.failing = true;
    open();
    await expect(answer).rejects.toMatchObject({ failure: 'audit_unavailable' });
    world.audit.failing = false;
    expect(await told(world.read())).toBe('A=value-a');
  });

  it('opens no request when the row "requested" cannot be written', async () => {
    const world = new World();
    world.audit.failing = true;
    await expect(world.read()).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(world.announced).toEqual([]);
  });

  it('stays pending when an approval cannot be recorded', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    world.audit.failing = true;
    expect(await world.decide(true, id)).toBe('unrecorded');
    world.audit.failing = false;
    expect(await world.decide(true, id)).toBe('recorded');
    expect(await answer).toBe('A=value-a');
  });

  it('denies even when the denial cannot be recorded', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    world.audit.failing = true;
    await world.decide(false, id);
    expect(await answer).toBe('denied');
  });

  it('takes one decision, from whichever of fifty comes first', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    const results = await Promise.all(Array.from({ length: 50 }, (_, at) => world.decide(at % 2 === 0, id)));
    expect(results.filter((result) => result === 'recorded')).toHaveLength(1);
    expect(await answer).toBe('A=value-a');
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'released']);
  });
});

describe('an endpoint that must have heard first', () => {
  it('hears of every release before the value leaves, also inside a window', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    await world.decide();
    await answer;
    await world.read();
    expect(world.witnessed).toEqual(['released', 'auto_approved']);
  });

  it('stops the release if it does not listen; the approval stays for a repeat', async () => {
    const world = new World({ ttlMs: ttl });
    world.deaf = true;
    const answer = world.read();
    await world.decide();
    await expect(answer).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'released', 'failed']);
    expect(world.windows.all()).toEqual([]);
    world.deaf = false;
    expect(await told(world.read())).toBe('A=value-a');
    world.deaf = true;
    await expect(world.read()).rejects.toMatchObject({ failure: 'audit_unavailable' });
  });
});

describe('a repeated call', () => {
  it('joins the open request and gets one prompt', async () => {
    const world = new World();
    const first = told(world.read(['A', 'B']));
    const second = told(world.read(['B', 'A'], { reason: 'in other words' }));
    await world.asked();
    expect(world.audit.of('requested')).toHaveLength(2);
    await world.decide();
    expect(await Promise.all([first, second])).toEqual(['A=value-a B=value-b', 'B=value-b A=value-a']);
    expect(world.audit.of('released')).toHaveLength(4);
    expect(world.audit.of('released').map((row) => row.reason)).toEqual(Array(4).fill('because'));
    expect(world.audit.of('released')[2]?.detail).toMatchObject({ callReason: 'in other words' });
  });

  it.each([
    ['another name', { names: ['B'] }],
    ['more names', { names: ['A', 'B'] }],
    ['another session', { other: true }],
    ['another tool', { tool: 'get_secret' }],
  ])('does not join with %s', async (_, change) => {
    const world = new World();
    const call = world.call({ budgetMs: 1_000 });
    const first = told(world.read(['A'], { call }));
    await world.asked();
    const options = {
      call,
      ...('tool' in change ? { tool: change.tool } : {}),
      ...('other' in change ? { session: world.other } : {}),
    };
    const second = told(world.read('names' in change ? change.names : ['A'], options));
    await world.asked(2);
    expect(new Set(world.announced.map((announcement) => announcement.requestId)).size).toBe(2);
    world.clock.pass(1_000);
    expect(await Promise.all([first, second])).toEqual(['pending', 'pending']);
  });

  it('gets the outcome at once if the person decided in between, exactly once', async () => {
    const world = new World();
    const first = told(world.read(['A'], { call: world.call({ budgetMs: 2_000 }) }));
    const id = await world.asked();
    world.clock.pass(2_000);
    expect(await first).toBe('pending');
    await world.decide(true, id);
    expect(await told(world.read())).toBe('A=value-a');
    const third = told(world.read());
    expect(await world.asked(2)).not.toBe(id);
    await world.decide(false);
    expect(await third).toBe('denied');
  });

  it('hears of a denial once, then may ask again', async () => {
    const world = new World();
    const first = told(world.read(['A'], { call: world.call({ budgetMs: 2_000 }) }));
    const id = await world.asked();
    world.clock.pass(2_000);
    await first;
    await world.decide(false, id);
    expect(await told(world.read())).toBe('denied');
    const third = told(world.read());
    await world.asked(2);
    await world.decide();
    expect(await third).toBe('A=value-a');
  });

  it('gives each of two waiting calls the value and no third', async () => {
    const world = new World();
    const both = [told(world.read()), told(world.read())];
    await world.decide();
    expect(await Promise.all(both)).toEqual(['A=value-a', 'A=value-a']);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('finds an approval lapsed that nobody picked up in time; no window opens', async () => {
    const world = new World({ ttlMs: 3_600_000 });
    const first = told(world.read(['A'], { call: world.call({ budgetMs: 1_000 }) }));
    const id = await world.asked();
    world.clock.pass(290_000);
    expect(await first).toBe('pending');
    await world.decide(true, id);
    world.clock.pass(120_000);
    await world.settle();
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'lapsed']);
    expect(await world.glance(['A'])).toBe('pending');
    expect(world.provider.fetches).toBe(0);
  });

  it('can use an approval whose fetch failed, until it lapses', async () => {
    const world = new World();
    world.provider.failing = new VaultError('provider_unavailable', 'down');
    const first = world.read();
    await world.decide();
    await expect(first).rejects.toMatchObject({ failure: 'provider_unavailable' });
    world.provider.failing = null;
    expect(await told(world.read())).toBe('A=value-a');
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'failed', 'released']);
  });

  it('may read one field after the item turned out to hold several, without a new tap', async () => {
    const world = new World();
    world.provider.failing = new VaultError('secret_ambiguous', 'several fields');
    const first = world.read();
    await world.decide();
    await expect(first).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    world.provider.failing = null;
    expect(await told(world.read(['A#one']))).toBe('A#one=field of A#one');
    expect(await world.glance(['A#two'])).toBe('pending');
  });

  it('may not read a field of an item because another one turned out to hold several', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    world.provider.failing = new VaultError('secret_ambiguous', 'several fields');
    const both = world.read(['A', 'B']);
    await world.asked(2);
    await world.decide();
    await expect(both).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    world.provider.failing = null;
    expect(await world.glance(['B#otp'])).toBe('pending');
  });

  it('may not read two fields, nor one of an item that was approved in a batch', async () => {
    const world = new World({ ttlMs: ttl });
    world.provider.failing = new VaultError('secret_ambiguous', 'several fields');
    const first = world.read();
    await world.decide();
    await expect(first).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    const batch = world.read(['A', 'B']);
    await world.asked(2);
    await world.decide();
    await expect(batch).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    world.provider.failing = null;
    expect(await world.glance(['A#one', 'A#two'])).toBe('pending');
    expect(await told(world.read(['A#one']))).toBe('A#one=field of A#one');
    expect(await told(world.read(['A#one']))).toBe('A#one=field of A#one');
    expect(await world.glance(['A#two'])).toBe('pending');
  });
});

describe('an approval that several calls waited for', () => {
  /** Five identical calls, approved while the provider is held up. Four are cancelled then. */
  async function fiveCalls() {
    const world = new World();
    let open = (): void => undefined;
    world.provider.gate = new Promise((resolve) => (open = resolve));
    const gone = new AbortController();
    const calls = [0, 1, 2, 3, 4].map((at) =>
      world.read(['A'], { call: world.call(at === 0 ? {} : { signal: gone.signal }) }),
    );
    const settled = Promise.allSettled(calls);
    await world.decide();
    await world.settle();
    gone.abort('timed out');
    return { world, open, settled };
  }

  it('is not worth another read once one of them got the value', async () => {
    const { world, open, settled } = await fiveCalls();
    open();
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'rejected',
    ]);
    expect(await world.glance(['A'])).toBe('pending');
    expect(world.audit.of('released')).toHaveLength(1);
  });

  it('is worth one more while none of them has', async () => {
    const { world, open, settled } = await fiveCalls();
    const repeats = [told(world.read()), told(world.read(['A'], { call: world.call({ budgetMs: 1 }) }))];
    await world.settle();
    world.clock.pass(1);
    open();
    expect(await Promise.all(repeats)).toEqual(['A=value-a', 'pending']);
    await settled;
    expect(world.audit.of('released')).toHaveLength(2);
  });
});

describe('a session that ends while an approved value is fetched', () => {
  it.each([
    ['its client goes', (world: World) => world.broker.endSession(world.session.id, 'gone')],
    ['the server shuts down', (world: World) => void world.approvals.close('shutdown')],
    ['its time to be picked up is over', (world: World) => world.clock.pass(299_000)],
  ])('gets nothing and opens no window: %s', async (_, end) => {
    const world = new World({ ttlMs: 3_600_000 });
    let open = (): void => undefined;
    const answer = told(world.read(['A'], { call: world.call({ budgetMs: 400_000 }) })).catch(
      (error: unknown) => error,
    );
    const id = await world.asked();
    world.clock.pass(1_000);
    world.provider.gate = new Promise((resolve) => (open = resolve));
    await world.decide(true, id);
    await world.settle();
    end(world);
    world.provider.gate = null;
    open();
    await world.settle();
    world.clock.pass(500_000);
    expect(await answer).not.toBe('A=value-a');
    expect(world.audit.of('released')).toEqual([]);
    expect(world.windows.covering(world.session.id, 'v', { id: 'A', name: 'A' })).toBeNull();
  });
});

describe('a cancelled call', () => {
  it('leaves the request joinable when the client only gave up waiting', async () => {
    const world = new World();
    const gone = new AbortController();
    const first = told(world.read(['A'], { call: world.call({ signal: gone.signal }) }));
    const id = await world.asked();
    gone.abort('timed out');
    expect(await first).toBe('withdrawn');
    await world.decide(true, id);
    expect(await told(world.read())).toBe('A=value-a');
  });

  it('withdraws the request when a person cancelled', async () => {
    const world = new World();
    const gone = new AbortController();
    const first = told(world.read(['A'], { call: world.call({ signal: gone.signal, byPerson: true }) }));
    const id = await world.asked();
    gone.abort('user-cancel');
    expect(await first).toBe('withdrawn');
    expect(await world.decide(true, id)).toBe('ended');
    await world.settle();
    expect(world.audit.actions()).toEqual(['requested', 'withdrawn']);
  });

  it('is never answered with a value, and leaves it to the repeat', async () => {
    const world = new World();
    let open = (): void => undefined;
    world.provider.gate = new Promise((resolve) => (open = resolve));
    const gone = new AbortController();
    const first = world.read(['A'], { call: world.call({ signal: gone.signal }) });
    await world.decide();
    await world.settle();
    gone.abort('timed out');
    open();
    await expect(first).rejects.toBeInstanceOf(VaultError);
    world.provider.gate = null;
    expect(await told(world.read())).toBe('A=value-a');
  });
});

describe('a window', () => {
  it('lets repeat reads through until ttl is over, counted from the approval', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    world.clock.pass(ttl - 1);
    expect(await told(world.read())).toBe('A=value-a');
    world.clock.pass(1);
    const late = told(world.read());
    await world.asked(2);
    await world.decide(false);
    expect(await late).toBe('denied');
  });

  it('is counted from the approval even if it is picked up later', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read(['A'], { call: world.call({ budgetMs: 1_000 }) }));
    const id = await world.asked();
    world.clock.pass(1_000);
    await first;
    await world.decide(true, id);
    world.clock.pass(ttl - 1);
    expect(await told(world.read())).toBe('A=value-a');
    world.clock.pass(1);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('is over as soon as the wall clock says so, and does not come back when it is set back', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    world.clock.setWall(ttl);
    const late = told(world.read());
    await world.asked(2);
    world.clock.setWall(-10 * ttl);
    await world.decide(false);
    expect(await late).toBe('denied');
    world.clock.pass(ttl);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('covers neither another session nor, with scope secret, another name', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    for (const asked of [
      world.read(['A'], { session: world.other, call: world.call({ budgetMs: 1 }) }),
      world.read(['B'], { call: world.call({ budgetMs: 1 }) }),
    ]) {
      await world.settle();
      world.clock.pass(1);
      expect(await told(asked)).toBe('pending');
    }
  });

  it('of an item does not cover its fields', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    expect(await world.glance(['A#otp'])).toBe('pending');
  });

  it('covers the whole vault with scope vault', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    const first = told(world.read());
    await world.decide();
    await first;
    expect(await told(world.read(['B', 'C']))).toBe('B=value-b C=value-c');
    expect(world.audit.of('auto_approved').map((row) => row.detail)).toEqual(
      Array(2).fill({ window: world.announced[0]?.requestId }),
    );
  });

  it('spares a batch the names that it covers', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    const batch = told(world.read(['A', 'B']));
    const id = await world.asked(2);
    expect(world.approvals.view(id)?.names.map((name) => name.name)).toEqual(['B']);
    await world.decide(true, id);
    expect(await batch).toBe('A=value-a B=value-b');
    expect(world.audit.rows.slice(-2).map((row) => [row.secretName, row.action])).toEqual([
      ['A', 'auto_approved'],
      ['B', 'released'],
    ]);
  });

  it('that ends while a batch waits for the rest is asked for again', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    const batch = told(world.read(['A', 'B']));
    const forB = await world.asked(2);
    world.clock.pass(ttl);
    await world.decide(true, forB);
    const forA = await world.asked(3);
    expect(world.approvals.view(forA)?.names.map((name) => name.name)).toEqual(['A']);
    await world.decide(true, forA);
    expect(await batch).toBe('A=value-a B=value-b');
  });

  it('closes with its session', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    world.broker.endSession(world.session.id, 'gone');
    await expect(world.read()).rejects.toMatchObject({ failure: 'closing' });
    expect(world.provider.fetches).toBe(1);
  });

  it('is not opened by rows in the audit log', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read());
    await world.decide();
    await first;
    const approved = world.audit.of('approved')[0];
    world.audit.rows.push({ ...approved!, secretName: 'B' });
    expect(await world.glance(['B'])).toBe('pending');
  });
});

describe('bad input', () => {
  it.each([
    ['an unknown vault', { vault: 'w' }, 'vault_unknown'],
    ['__proto__ as a vault', { vault: '__proto__' }, 'vault_unknown'],
    ['constructor as a vault', { vault: 'constructor' }, 'vault_unknown'],
    ['an unknown name', { names: ['Z'] }, 'secret_unknown'],
    ['no name', { names: [] }, 'input_invalid'],
    ['an empty name', { names: [' '] }, 'input_invalid'],
    ['NUL in a name', { names: ['A\0'] }, 'input_invalid'],
    ['a long name', { names: ['A'.repeat(257)] }, 'input_invalid'],
    ['201 names', { names: Array.from({ length: 201 }, (_, at) => `N${at}`) }, 'input_invalid'],
    ['an empty reason', { reason: ' \n ' }, 'input_invalid'],
    ['a reason of 100 KB', { reason: 'x'.repeat(100_000) }, 'input_invalid'],
  ])(
    '%s is refused before anybody is disturbed',
    async (_, { names, ...ask }: { names?: string[]; vault?: string; reason?: string }, failure) => {
      const world = new World();
      await expect(world.read(names, ask)).rejects.toMatchObject({ failure });
      expect(world.announced).toEqual([]);
      expect(world.audit.actions()).toEqual(failure === 'input_invalid' ? [] : ['refused']);
    },
  );

  it('says what was probably meant', async () => {
    const world = new World();
    world.provider.values.set('DATABASE_URL', 'x');
    await expect(world.read(['DATABSE_URL'])).rejects.toThrow('did you mean "DATABASE_URL"?');
  });

  it('folds duplicates', async () => {
    const world = new World();
    const answer = told(world.read(['A', 'A', 'B']));
    await world.decide();
    expect(await answer).toBe('A=value-a B=value-b');
  });

  it('shows hostile text of a reason as visible escapes, and stores the same string', async () => {
    const world = new World();
    const answer = told(world.read(['A'], { reason: 'a\u202Eb\u0000c' }));
    const id = await world.asked();
    expect(world.approvals.view(id)?.reason).toBe('a\\u{202e}b\\u{0}c');
    await world.decide();
    await answer;
    expect(world.audit.rows[0]?.reason).toBe('a\\u{202e}b\\u{0}c');
  });

  it('refuses what would be too many open requests', async () => {
    const world = new World({}, { maxOpen: 2 });
    const open = ['A', 'B'].map((name) => told(world.read([name])));
    await world.settle();
    await expect(world.read(['C'])).rejects.toMatchObject({ failure: 'too_many_requests' });
    await world.approvals.close('done');
    expect(await Promise.all(open)).toEqual(['withdrawn', 'withdrawn']);
  });
});

describe('refusals, about which nobody is asked', () => {
  it('leave few rows, of the names that were refused', async () => {
    const world = new World();
    const names = ['A', ...Array.from({ length: 150 }, (_, at) => `N${at}`)];
    await expect(world.read(names)).rejects.toMatchObject({ failure: 'secret_unknown' });
    expect(world.audit.rows.map((row) => row.secretName)).toEqual(['N0', 'N1', 'N2', 'N3', 'N4']);
    expect(world.audit.rows[0]?.detail).toEqual({ cause: 'secret_unknown', names: 150 });
  });

  it('are written down a thousand times for a session, and said then', async () => {
    const world = new World();
    for (let call = 0; call < 1_010; call += 1) await expect(world.read(['N'])).rejects.toThrow('no secret');
    expect(world.audit.rows).toHaveLength(1_000);
    expect(world.log.lines.join()).toContain('was refused 1000 times');
  });
});

describe('requests that have ended', () => {
  it('are remembered for their pages, but not without end', async () => {
    const world = new World();
    const first = world.read(['A'], { call: world.call({ byPerson: true }) });
    const oldest = await world.asked();
    await world.decide(false);
    await first;
    expect(world.approvals.view(oldest)?.state).toBe('denied');
    for (let at = 0; at < 1_050; at += 1) {
      const gone = new AbortController();
      const call = world.read(['A'], { call: world.call({ signal: gone.signal, byPerson: true }) });
      await world.asked();
      gone.abort('user-cancel');
      await call;
    }
    expect(world.approvals.view(oldest)).toBeNull();
    expect(world.approvals.view(await world.asked())?.state).toBe('withdrawn');
  });
});

describe('a provider that does not answer', () => {
  it('is given up after 20 seconds; nothing is released', async () => {
    const world = new World();
    world.provider.gate = new Promise(() => undefined);
    const answer = world.read();
    await world.decide();
    await world.settle();
    world.clock.pass(20_000);
    await expect(answer).rejects.toMatchObject({ failure: 'provider_unavailable' });
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'failed']);
  });
});

describe('an approval page that cannot be started', () => {
  it('fails the call and withdraws the request', async () => {
    const world = new World();
    world.linkError = new VaultError('approval_unavailable', 'no port');
    await expect(world.read()).rejects.toMatchObject({ failure: 'approval_unavailable' });
    await world.settle();
    expect(world.audit.actions()).toEqual(['requested', 'withdrawn']);
  });
});

describe('in the same millisecond', () => {
  const expiry = 300_000;

  it('an expiry before the approval wins', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    world.clock.pass(expiry);
    expect(await world.decide(true, id)).toBe('ended');
    expect(await answer).toBe('expired');
  });

  it('an approval before the expiry wins, even if its row is committed after it', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    world.clock.pass(expiry - 1);
    let open = (): void => undefined;
    world.audit.gate = new Promise((resolve) => (open = resolve));
    const decided = world.decide(true, id);
    await world.settle();
    world.clock.pass(1);
    open();
    world.audit.gate = null;
    expect(await decided).toBe('recorded');
    expect(await answer).toBe('A=value-a');
  });

  it('a cancel before the approval leaves it for the repeat; a budget that ends first does too', async () => {
    const world = new World();
    const gone = new AbortController();
    const first = told(world.read(['A'], { call: world.call({ signal: gone.signal }) }));
    const id = await world.asked();
    gone.abort('timed out');
    const decided = world.decide(true, id);
    await world.settle();
    expect([await decided, await first]).toEqual(['recorded', 'withdrawn']);
    expect(await told(world.read())).toBe('A=value-a');
  });

  it('a shutdown before the approval withdraws', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    const closed = world.approvals.close('shutdown');
    expect(await world.decide(true, id)).toBe('ended');
    await closed;
    expect(await answer).toBe('withdrawn');
    expect(world.audit.actions()).toEqual(['requested', 'withdrawn']);
  });

  it('a shutdown while the approval is written lets it lapse: nothing is released', async () => {
    const world = new World({ ttlMs: ttl });
    const answer = told(world.read());
    const id = await world.asked();
    let open = (): void => undefined;
    world.audit.gate = new Promise((resolve) => (open = resolve));
    const decided = world.decide(true, id);
    await world.settle();
    const closed = world.approvals.close('shutdown');
    open();
    world.audit.gate = null;
    await Promise.all([decided, closed]);
    expect(await answer).toBe('withdrawn');
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'lapsed']);
    await expect(world.read()).rejects.toMatchObject({ failure: 'closing' });
  });

  it('an approval that cannot be recorded after the expiry expires', async () => {
    const world = new World();
    const answer = told(world.read());
    const id = await world.asked();
    world.clock.pass(expiry - 1);
    let open = (): void => undefined;
    world.audit.gate = new Promise((resolve) => (open = resolve));
    world.audit.failing = true;
    const decided = world.decide(true, id);
    await world.settle();
    world.clock.pass(1);
    open();
    expect(await decided).toBe('unrecorded');
    expect(await answer).toBe('expired');
  });
});

describe('ten calls in parallel', () => {
  it('each get their own', async () => {
    const world = new World();
    const names = Array.from({ length: 10 }, (_, at) => `N${at}`);
    for (const name of names) world.provider.values.set(name, `value of ${name}`);
    const answers = names.map((name) => told(world.read([name])));
    await world.settle();
    await Promise.all(world.announced.map(({ requestId }) => world.decide(true, requestId)));
    expect(await Promise.all(answers)).toEqual(names.map((name) => `${name}=value of ${name}`));
  });
});
