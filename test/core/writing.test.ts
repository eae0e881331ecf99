import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { World } from '../support/world.ts';

const one = [{ name: 'A', value: 'new' }];

describe('a write', () => {
  it('is carried out once on approval, and says what it saved', async () => {
    const world = new World();
    const answer = world.write([...one, { name: 'N', value: 'n' }]);
    const id = await world.asked();
    expect(world.provider.values.get('A')).toBe('value-a');
    expect(world.approvals.view(id)?.names).toMatchObject([
      { name: 'A', effect: 'replace', preview: '•••••• (3 characters)' },
      { name: 'N', effect: 'create', preview: '•••••• (1 character)' },
    ]);
    await world.decide(true, id);
    const saved = [
      { name: 'A', effect: 'replace' },
      { name: 'N', effect: 'create' },
    ];
    expect(await answer).toEqual({ status: 'saved', saved });
    expect(world.provider.values.get('A')).toBe('new');
    expect(world.audit.actions()).toEqual(['requested', 'requested', 'approved', 'approved', 'released', 'released']);
  });

  it('changes nothing after a denial', async () => {
    const world = new World();
    const answer = world.write(one);
    await world.decide(false);
    expect(await answer).toMatchObject({ status: 'denied' });
    expect(world.provider.values.get('A')).toBe('value-a');
  });

  it('always asks, whatever windows are open', async () => {
    const world = new World({ ttlMs: 60_000, scope: 'vault' });
    const read = world.read();
    await world.decide();
    await read;
    const answer = world.write(one);
    await world.asked(2);
    await world.decide(false);
    expect(await answer).toMatchObject({ status: 'denied' });
  });

  it('opens no window', async () => {
    const world = new World({ ttlMs: 60_000, scope: 'vault' });
    const answer = world.write(one);
    await world.decide();
    await answer;
    const read = world.read();
    await world.asked(2);
    await world.decide(false);
    expect(await read).toMatchObject({ status: 'denied' });
  });

  it('is refused before asking in a vault that is not writable', async () => {
    const world = new World({ writable: false });
    await expect(world.write(one)).rejects.toMatchObject({ failure: 'vault_read_only' });
    expect(world.announced).toEqual([]);
    expect(world.audit.actions()).toEqual(['refused']);
  });

  it('is carried out even if the call has gone; the next one hears the outcome, once', async () => {
    const world = new World();
    const first = world.write(one, { call: world.call({ budgetMs: 1_000 }) });
    const id = await world.asked();
    world.clock.pass(1_000);
    expect(await first).toMatchObject({ status: 'pending', requestId: id });
    await world.decide(true, id);
    await world.settle();
    expect(world.provider.values.get('A')).toBe('new');
    expect(await world.write(one)).toMatchObject({ status: 'saved' });
    const third = world.write(one);
    await world.asked(2);
    await world.decide(false);
    expect(await third).toMatchObject({ status: 'denied' });
  });

  it('joins the same write, but not one of another value', async () => {
    const world = new World();
    const calls = [
      world.write(one),
      world.write(one, { reason: 'again' }),
      world.write([{ name: 'A', value: 'other' }]),
    ];
    await world.settle();
    expect(new Set(world.announced.map((announcement) => announcement.requestId)).size).toBe(2);
    await world.approvals.close('done');
    expect(await Promise.all(calls)).toMatchObject([
      { status: 'withdrawn' },
      { status: 'withdrawn' },
      { status: 'withdrawn' },
    ]);
  });

  it('that fails says so once, leaves a row, and asks again next time', async () => {
    const world = new World();
    world.provider.failing = new VaultError('provider_unavailable', 'down');
    const answer = world.write(one);
    await world.decide();
    await expect(answer).rejects.toMatchObject({ message: 'down' });
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'released', 'failed']);
    const next = world.write(one);
    await world.asked(2);
    await world.decide(false);
    expect(await next).toMatchObject({ status: 'denied' });
  });

  it('does not happen when an endpoint that must have heard first does not listen', async () => {
    const world = new World();
    world.deaf = true;
    const answer = world.write(one);
    await world.decide();
    await expect(answer).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(world.provider.values.get('A')).toBe('value-a');
    expect(world.audit.actions()).toEqual(['requested', 'approved', 'released', 'failed']);
  });

  it('does not happen when its row cannot be written', async () => {
    const world = new World();
    const answer = world.write(one);
    const id = await world.asked();
    world.audit.failsOn = 'released';
    expect(await world.decide(true, id)).toBe('recorded');
    await expect(answer).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(world.provider.values.get('A')).toBe('value-a');
  });

  it('returns pending when the write outlasts the call, and the outcome later', async () => {
    const world = new World();
    let open = (): void => undefined;
    world.provider.gate = new Promise((resolve) => (open = resolve));
    const first = world.write(one, { call: world.call({ budgetMs: 1_000 }) });
    await world.decide();
    await world.settle();
    world.clock.pass(1_000);
    expect(await first).toMatchObject({ status: 'pending', underWay: true });
    open();
    expect(await world.write(one)).toMatchObject({ status: 'saved' });
  });

  it('is not planned when there is no room to ask', async () => {
    const world = new World({}, { maxOpen: 1 });
    const open = world.write(one);
    await world.asked();
    let plans = 0;
    const { plan } = world.provider.writer;
    world.provider.writer.plan = async (writes) => ((plans += 1), plan(writes));
    await expect(world.write([{ name: 'B', value: 'x' }])).rejects.toMatchObject({ failure: 'too_many_requests' });
    expect(plans).toBe(0);
    await world.approvals.close('done');
    await open;
  });

  it.each([
    ['two values for one name', [...one, { name: 'A', value: 'other' }]],
    ['more than 64 KiB', [{ name: 'A', value: 'x'.repeat(64 * 1024 + 1) }]],
    ['text that is not Unicode', [{ name: 'A', value: '\ud800' }]],
    ['nothing', []],
  ])('of %s is refused before anybody is disturbed', async (_, writes) => {
    const world = new World();
    await expect(world.write(writes)).rejects.toMatchObject({ failure: 'input_invalid' });
    expect(world.audit.rows).toEqual([]);
  });

  it('never shows the value in rows, decisions, announcements or views', async () => {
    const world = new World();
    const value = 'CANARY-0123456789-CANARY';
    const answer = world.write([{ name: 'A', value }]);
    const id = await world.asked();
    const view = JSON.stringify(world.approvals.view(id));
    expect(view).toContain('CAN••••••ARY (24 characters)');
    await world.decide(true, id);
    const all = [
      view,
      JSON.stringify(await answer),
      JSON.stringify(world.audit),
      JSON.stringify(world.announced),
      world.log.lines.join(),
    ];
    expect(all.filter((text) => text.includes(value))).toEqual([]);
  });
});
