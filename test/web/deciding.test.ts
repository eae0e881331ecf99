import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDeciding } from '../../src/web/deciding.ts';
import { readForm } from '../../src/web/form.ts';
import type { Stand } from './support.ts';
import { gateFor, openStand } from './support.ts';

let stand: Stand;
beforeEach(() => {
  stand = openStand();
});
afterEach(() => stand.close());

it('of two denials at the same moment one decides, and the other hears that it came too late', async () => {
  const { request } = await stand.ask();
  const gate = gateFor(stand.roster, stand.clock)({ publicOrigin: () => null, outage: () => null });
  const deciding = createDeciding({ desk: stand.approvals, gate });
  const form = readForm('csrf=x&decision=deny');
  const view = stand.approvals.view(request.id);
  if (form === null || view === null) throw new Error('there is nothing to decide');
  const posted = { form, view, origin: 'http://localhost' };
  const results = await Promise.all([deciding.decide(posted), deciding.decide(posted)]);
  expect(results).toEqual([null, expect.objectContaining({ status: 409 })]);
});
