import { describe, expect, it } from 'vitest';
import { closeWindows } from '../../src/core/closing.ts';
import { told, ttl, World } from '../support/world.ts';

const by = { name: 'phone', factor: 'passkey' } as const;

/** An approval whose window is not open yet: the value is still being fetched. Returns what lets the fetch end. */
async function fetching(world: World, names: string[]): Promise<{ answer: Promise<string>; end: () => void }> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  world.provider.gate = promise.then(() => undefined);
  const answer = told(world.read(names));
  await world.decide();
  await world.settle();
  return { answer, end: () => resolve(undefined) };
}

describe('an approval whose value has not left yet', () => {
  it('opens no window once all windows were ended', async () => {
    const world = new World({ ttlMs: ttl });
    const { answer, end } = await fetching(world, ['A']);
    await world.board().endWindows('all', by);
    end();
    expect(await answer).toBe('A=value-a');
    expect(world.board().view().windows).toEqual([]);
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('opens none once the policy is another, or somebody else may approve', async () => {
    const world = new World({ ttlMs: ttl });
    const { answer, end } = await fetching(world, ['A']);
    const { windows, audit, clock, log } = world;
    const cause = 'the policy of the vault has changed';
    await closeWindows(({ vault }) => vault === 'v', { windows, audit, clock, log, cause });
    end();
    expect(await answer).toBe('A=value-a');
    expect(await world.glance(['A'])).toBe('pending');
  });

  it('opens none for a name that was denied meanwhile', async () => {
    const world = new World({ ttlMs: ttl });
    const { answer, end } = await fetching(world, ['A', 'B']);
    void told(world.read(['B'], { session: world.other }));
    await world.decide(false, await world.asked(2));
    end();
    expect(await answer).toBe('A=value-a B=value-b');
    expect(await world.glance(['B'])).toBe('pending');
    expect(await world.glance(['A'])).toBe('A=value-a');
  });

  it('opens one on the whole vault without the name that was denied meanwhile', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    const { answer, end } = await fetching(world, ['A']);
    void told(world.read(['B'], { session: world.other }));
    await world.decide(false, await world.asked(2));
    end();
    await answer;
    expect(await world.glance(['B'])).toBe('pending');
    expect(await world.glance(['C'])).toBe('C=value-c');
  });

  it('opens the window that a person chose after another had been ended', async () => {
    const world = new World({ ttlMs: ttl });
    await world.board().endWindows('all', by);
    const { answer, end } = await fetching(world, ['A']);
    end();
    await answer;
    expect(await world.glance(['A'])).toBe('A=value-a');
  });

  it('opens none after so many closings that nobody can tell any more what they were about', async () => {
    const world = new World({ ttlMs: ttl });
    const { answer, end } = await fetching(world, ['A']);
    for (let times = 0; times < 300; times += 1) world.windows.close(({ vault }) => vault === 'another');
    end();
    await answer;
    expect(await world.glance(['A'])).toBe('pending');
  });
});

describe('a window that was ended', () => {
  it('is not opened again by another call that waited for the same approval', async () => {
    const world = new World({ ttlMs: ttl });
    const first = told(world.read(['A']));
    const second = new AbortController();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    await world.asked();
    const slow = told(world.read(['A'], { call: world.call({ signal: second.signal }) }));
    await world.settle();
    let fetches = 0;
    const fetch = world.provider.fetch.bind(world.provider);
    world.provider.fetch = async (entries) => {
      fetches += 1;
      if (fetches === 2) await promise;
      return fetch(entries);
    };
    await world.decide();
    expect(await first).toBe('A=value-a');
    expect(await world.board().endWindows('all', by)).toBe(1);
    resolve(undefined);
    expect(await slow).toBe('A=value-a');
    expect(world.board().view().windows).toEqual([]);
  });
});

describe('a read that is written down already when what allowed it ends', () => {
  it('gives nothing, the log says so, and the person is asked', async () => {
    const world = new World({ ttlMs: ttl });
    const open = told(world.read(['A']));
    await world.decide();
    await open;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    world.audit.gate = promise.then(() => undefined);
    const again = told(world.read(['A'], { call: world.call({ budgetMs: 1 }) }));
    await world.settle();
    world.windows.close(() => true);
    world.audit.gate = null;
    resolve(undefined);
    await world.asked(2);
    world.clock.pass(1);
    expect(await again).toBe('pending');
    expect(world.audit.actions().slice(-3)).toEqual(['auto_approved', 'failed', 'requested']);
    expect(world.audit.of('failed')).toMatchObject([{ secretName: 'A', detail: { cause: 'closing' } }]);
  });
});

describe('a muted session', () => {
  it('has no window any more, which is written down', async () => {
    const world = new World({ ttlMs: ttl });
    const open = told(world.read(['A']));
    await world.decide();
    await open;
    const answer = told(world.read(['B']));
    await world.choose({ approve: false, mute: true }, await world.asked(2));
    expect(await answer).toBe('denied');
    await expect(world.read(['A'])).rejects.toMatchObject({ failure: 'session_muted' });
    expect(world.audit.of('window_closed')).toMatchObject([
      { secretName: 'A', detail: { cause: 'the session was muted' } },
    ]);
  });

  it('does not get what was approved before and waits for it', async () => {
    const world = new World({ ttlMs: ttl });
    expect(await world.glance(['A'])).toBe('pending');
    await world.decide(true, await world.asked(1));
    const answer = told(world.read(['B']));
    await world.choose({ approve: false, mute: true }, await world.asked(2));
    await answer;
    await expect(world.read(['A'])).rejects.toMatchObject({ failure: 'session_muted' });
    expect(world.audit.of('lapsed')).toMatchObject([{ secretName: 'A', detail: { cause: 'the session was muted' } }]);
  });

  it('leaves the windows of other sessions alone', async () => {
    const world = new World({ ttlMs: ttl });
    const theirs = told(world.read(['A'], { session: world.other }));
    await world.decide();
    await theirs;
    void told(world.read(['B']));
    await world.choose({ approve: false, mute: true }, await world.asked(2));
    expect(world.board().view().windows).toHaveLength(1);
  });
});

describe('a denied item', () => {
  it('takes the windows of its fields with it, and is not asked for by its fields for a while', async () => {
    const world = new World({ ttlMs: ttl }, { cooldownMs: 60_000 });
    const field = told(world.read(['A#password']));
    await world.decide();
    await field;
    void told(world.read(['A'])).catch(() => undefined);
    await world.decide(false, await world.asked(2));
    await expect(world.read(['A#password'])).rejects.toMatchObject({ failure: 'denied_recently' });
    await expect(world.read(['A#user'])).rejects.toMatchObject({ failure: 'denied_recently' });
    expect(world.board().view().windows).toEqual([]);
  });
});

describe('a denied field', () => {
  it('takes the window of its whole item with it: that may be the same value; other fields stay', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    const whole = told(world.read(['B']));
    await world.decide();
    await whole;
    void told(world.read(['A#password'], { session: world.other })).catch(() => undefined);
    await world.decide(false, await world.asked(2));
    expect(await world.glance(['A'])).toBe('pending');
    expect(await world.glance(['A#password'])).toBe('pending');
    expect(await world.glance(['A#user'])).toContain('A#user=');
  });
});

describe('a shorter window on the whole vault', () => {
  it('does not give back for longer what was denied in a longer one', async () => {
    const world = new World({ ttlMs: ttl, scope: 'vault' });
    const open = told(world.read(['A']));
    await world.decide();
    await open;
    void told(world.read(['B'], { session: world.other }));
    await world.decide(false, await world.asked(2));
    const again = told(world.read(['B']));
    await world.choose({ windowMs: 1_000, scope: 'vault' }, await world.asked(3));
    await again;
    expect(await world.glance(['B'])).toBe('B=value-b');
    world.clock.pass(1_000);
    expect(await world.glance(['B'])).toBe('pending');
  });
});
