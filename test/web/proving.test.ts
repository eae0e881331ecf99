import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveRequest } from '../../src/core/live-request.ts';
import { origin, pairApp, pairPasskey } from '../approvers/support.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { Reply, Stand } from './support.ts';
import { openStand, someRequest, tunnelAt, Visit } from './support.ts';

const batch = ['A', 'B', 'C'].map((name) => ({ id: `id-${name}`, name }));

let stand: Stand;
/** What the tunnel says. */
let reached: string | null;
beforeEach(() => {
  reached = origin;
  stand = openStand({ tunnel: tunnelAt(() => reached) });
});
afterEach(() => stand.close());

async function opened(asked: Parameters<Stand['ask']>[0] = {}, at = origin) {
  const { url, request } = await stand.ask(asked);
  const listening = new URL(url.pathname + url.search, `http://localhost:${stand.port()}`);
  const visit = new Visit(listening, at === 'here' ? listening.origin : at);
  return { visit, request, page: await visit.open() };
}

interface Begun {
  readonly id: string;
  readonly options: unknown;
}

/** Asks for a challenge over an approval with these fields besides the usual ones. */
async function challenge(visit: Visit, fields: [string, string][] = visit.fields): Promise<Begun & { reply: Reply }> {
  const reply = await visit.post([['decision', 'approve'], ...fields], {}, '/challenge');
  return { ...(JSON.parse(reply.body) as Begun), reply };
}

const answered = ({ id }: Begun, assertion: string): Record<string, string> => ({ ceremony: id, assertion });

const said = (reply: Reply): string | undefined => /role="alert">([^<]+)</.exec(reply.body)?.[1];

describe('once a passkey is paired', () => {
  let device: Authenticator;
  beforeEach(async () => {
    device = new Authenticator();
    await pairPasskey(stand, device);
  });

  it('the link alone approves nothing', async () => {
    const { visit, request, page } = await opened();
    expect(page.body).toContain('the link alone approves nothing');
    const reply = await visit.decide('approve');
    expect(reply.status).toBe(403);
    expect(said(reply)).toContain('Nothing was decided');
    expect(request.state).toBe('pending');
  });

  it('it approves, and the record names it and keeps what it signed', async () => {
    const { visit, request } = await opened();
    const begun = await challenge(visit);
    const reply = await visit.approveWith(answered(begun, device.sign(begun.options, origin)));
    expect(reply.status).toBe(303);
    expect(request.decision?.approver).toEqual({ name: 'Anna’s phone', factor: 'passkey' });
    expect(stand.decisions[0]?.assertion).toContain('signature');
    expect((await visit.open()).body).toContain('by <bdi>Anna’s phone (passkey)</bdi>');
  });

  it('what was chosen when the challenge was made is decided, whatever the form says later', async () => {
    const { visit, request } = await opened({ names: batch });
    const begun = await challenge(visit, [
      ['name', '1'],
      ['window', '300000'],
    ]);
    const assertion = device.sign(begun.options, origin);
    await visit.approveWith({ ...answered(begun, assertion), name: ['0', '1', '2'], window: '900000', scope: 'vault' });
    expect([...(request.decision?.allowed ?? [])]).toEqual(['id-B']);
    const { until, at, scope } = request.decision!;
    expect([until!.wall - at.wall, scope]).toEqual([300_000, 'secret']);
  });

  it('an answer counts once', async () => {
    const { visit, request } = await opened();
    const begun = await challenge(visit);
    const answer = answered(begun, device.sign(begun.options, origin));
    stand.disk.full = true;
    expect((await visit.approveWith(answer)).status).toBe(503);
    stand.disk.full = false;
    const again = await visit.approveWith(answer);
    expect(again.status).toBe(403);
    expect(said(again)).toContain('was used already');
    expect(request.state).toBe('pending');
  });

  it('an answer counts for the request it was made for', async () => {
    const [a, b] = [await opened(), await opened()];
    const begun = await challenge(a.visit);
    const answer = answered(begun, device.sign(begun.options, origin));
    expect((await b.visit.approveWith(answer)).status).toBe(403);
    expect(b.request.state).toBe('pending');
    expect((await a.visit.approveWith(answer)).status).toBe(303);
  });

  it.each([
    ['another passkey', (options: unknown) => new Authenticator().sign(options, origin)],
    ['nobody verified', (options: unknown) => device.sign(options, origin, { uv: false })],
    ['another address', (options: unknown) => device.sign(options, 'https://evil.example')],
    ['a page in a frame', (options: unknown) => device.sign(options, origin, { crossOrigin: true })],
    ['a wrong signature', (options: unknown) => device.sign(options, origin, { badSignature: true })],
    ['nonsense', () => '{"id":'],
  ])('it does not approve with %s, which the page says', async (_what, sign) => {
    const { visit, request } = await opened();
    const begun = await challenge(visit);
    const reply = await visit.approveWith(answered(begun, sign(begun.options)));
    expect(reply.status).toBe(403);
    expect(said(reply)).toBeDefined();
    expect(reply.body).not.toMatch(/[Uu]nexpected|at position|\.js:/);
    expect(request.state).toBe('pending');
  });

  it('denying takes no passkey', async () => {
    const { visit, request } = await opened();
    expect((await visit.decide('deny')).status).toBe(303);
    expect(request.state).toBe('denied');
  });

  it('an answer is not looked at in a denial', async () => {
    const { visit, request } = await opened();
    const begun = await challenge(visit);
    const answer = Object.entries(answered(begun, device.sign(begun.options, origin)));
    await visit.post([['decision', 'deny'], ...answer]);
    expect(request.state).toBe('denied');
    expect(request.decision?.approver.factor).toBe('link');
  });

  it('at another address nothing can be approved, and the page says where it can', async () => {
    const { visit, request, page } = await opened({}, 'here');
    expect(page.body).toContain('It cannot be approved here.');
    expect(page.body).toContain(`href="${origin}${visit.url.pathname}?`);
    expect(page.body).not.toMatch(/id="approve"|name="window"/);
    const begun = await challenge(visit);
    expect(begun.reply.status).toBe(403);
    expect(begun.options).toBeUndefined();
    expect((await visit.decide('approve')).status).toBe(403);
    expect(request.state).toBe('pending');
    await visit.decide('deny');
    expect(request.state).toBe('denied');
  });

  it('when the tunnel has lost its name, nothing can be approved anywhere', async () => {
    const { visit, request } = await opened();
    const begun = await challenge(visit);
    const answer = answered(begun, device.sign(begun.options, origin));
    reached = 'https://other.example.com';
    const there = new Visit(visit.url, reached);
    expect((await there.open()).body).toContain('It cannot be approved here.');
    expect((await there.approveWith(answer)).status).toBe(403);
    expect((await visit.approveWith(answer)).status).toBe(421);
    expect(request.state).toBe('pending');
  });
});

describe('a challenge', () => {
  beforeEach(async () => {
    await pairPasskey(stand, new Authenticator());
  });

  it('is JSON, for the page’s own script only', async () => {
    const { visit } = await opened();
    const { reply, id } = await challenge(visit);
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(id).toMatch(/^[\w-]{20,}$/);
    const fields: [string, string][] = [['decision', 'approve']];
    expect((await visit.post(fields, { headers: { Origin: 'https://evil.example' } }, '/challenge')).status).toBe(403);
    expect((await visit.post(fields, { headers: { Cookie: '' } }, '/challenge')).status).toBe(403);
    expect((await visit.post(fields, { method: 'GET', body: '' }, '/challenge')).status).toBe(405);
  });

  it('is refused in words for a choice that does not fit, a foreign token and a denial', async () => {
    const { visit } = await opened({ names: batch });
    expect((await challenge(visit, [])).reply).toMatchObject({ status: 400 });
    expect((await challenge(visit, [])).reply.body).toContain('no secret is ticked');
    expect((await visit.post([['decision', 'deny']], {}, '/challenge')).status).toBe(400);
    expect((await visit.post([['x', 'y']], {}, '/challenge')).status).toBe(400);
    visit.csrf = 'x'.repeat(43);
    expect((await challenge(visit)).reply).toMatchObject({ status: 403 });
  });

  it('is not made for a request that waits no more', async () => {
    const { visit, request } = await opened();
    stand.approvals.withdraw(request, 'test');
    const { reply, options } = await challenge(visit);
    expect([reply.status, options]).toEqual([409, undefined]);
  });

  it('made often pushes only the oldest of its own request out', async () => {
    const [mine, noisy] = [await opened(), await opened()];
    const begun = await challenge(mine.visit);
    for (let times = 0; times < 30; times += 1) await challenge(noisy.visit);
    const reply = await mine.visit.approveWith(answered(begun, 'nonsense'));
    expect(said(reply)).not.toContain('took too long');
  });
});

describe('once an authenticator app is paired', () => {
  let code: () => string;
  const wrong = (): string => String((Number(code()) + 1) % 1_000_000).padStart(6, '0');
  const later = (): void => stand.clock.forward(30_000);
  beforeEach(async () => {
    ({ code } = await pairApp(stand));
    later();
  });

  it('its code approves, with or without a space in it', async () => {
    const { visit, request, page } = await opened();
    expect(page.body).toContain('Code of your authenticator app');
    expect((await visit.approveWith({ totp: `${code().slice(0, 3)} ${code().slice(3)}` })).status).toBe(303);
    expect(request.decision?.approver).toEqual({ name: 'Anna’s app', factor: 'totp' });
  });

  it('no code approves nothing, nor does a wrong one', async () => {
    const { visit, request } = await opened();
    expect(said(await visit.decide('approve'))).toContain('type the code that your authenticator app shows');
    expect((await visit.approveWith({ totp: wrong() })).status).toBe(403);
    expect(request.state).toBe('pending');
  });

  it('a code is used up by one decision', async () => {
    const [a, b] = [await opened(), await opened()];
    await a.visit.approveWith({ totp: code() });
    expect((await b.visit.approveWith({ totp: code() })).status).toBe(403);
    expect(b.request.state).toBe('pending');
  });

  it('five wrong codes end the request, which the page and the log say', async () => {
    const { visit, request } = await opened();
    for (let tries = 1; tries < 5; tries += 1) await visit.approveWith({ totp: wrong() });
    expect(request.state).toBe('pending');
    const last = await visit.approveWith({ totp: wrong() });
    expect(request.state).toBe('withdrawn');
    expect(last.body).toContain('<h1>Withdrawn</h1>');
    expect(said(last)).toBeDefined();
    expect(stand.rows.at(-1)).toMatchObject({ action: 'withdrawn' });
    expect(JSON.stringify(stand.rows.at(-1))).toContain('too many wrong codes');
  });

  it('denying takes no code', async () => {
    const { visit, request } = await opened();
    await visit.decide('deny');
    expect(request.state).toBe('denied');
  });

  it('wrong digits of the terminal use up no code', async () => {
    const { visit, request } = await opened({ policy: { ...someRequest.policy, confirm: 'code' } });
    await visit.approveWith({ totp: code(), code: request.code === '10' ? '11' : '10' });
    expect((await visit.approveWith({ totp: code(), code: request.code })).status).toBe(303);
  });
});

describe('while nobody is paired', () => {
  it('the link is enough, and the page says what that means', async () => {
    const { visit, request, page } = await opened();
    expect(page.body).toContain('Anyone who has this link can decide, an agent too.');
    expect((await visit.decide('approve')).status).toBe(303);
    expect(approverOf(request)).toBe('link');
  });

  it('there is no passkey to challenge', async () => {
    const { visit } = await opened();
    expect((await challenge(visit)).reply.status).toBe(403);
  });
});

describe('after a reset', () => {
  it('nothing can be approved, not even by the link', async () => {
    await pairPasskey(stand, new Authenticator());
    await stand.roster.reset(async () => undefined);
    const { visit, request, page } = await opened();
    expect(page.body).toContain('It cannot be approved here.');
    expect((await visit.decide('approve')).status).toBe(403);
    expect(request.state).toBe('pending');
    await visit.decide('deny');
    expect(request.state).toBe('denied');
  });
});

function approverOf({ decision }: LiveRequest): string | undefined {
  return decision?.approver.factor;
}
