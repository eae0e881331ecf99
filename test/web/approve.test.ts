import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestId } from '../../src/core/request.ts';
import type { Stand } from './support.ts';
import { openStand, send, someRequest, someWrite, Visit } from './support.ts';

const { policy } = someRequest;

let stand: Stand;
beforeEach(() => {
  stand = openStand();
});
afterEach(() => stand.close());

const actions = (): string[] => stand.rows.map(({ action }) => action);

/** Everything of the look-alike answer that somebody could tell apart. */
async function deadLink(): Promise<{ status: number; body: string; cookie: undefined }> {
  const { url } = await stand.ask();
  const { status, body } = await send(new URL('/approve/nobody-knows-this-one', url));
  expect(status).toBe(404);
  return { status, body, cookie: undefined };
}

function seen({ status, body, headers }: Awaited<ReturnType<typeof send>>): object {
  return { status, body, cookie: headers['set-cookie'] };
}

describe('the person who opens the link', () => {
  it('sees what is asked, by whom, and what an approval would mean', async () => {
    const { url } = await stand.ask();
    const { status, body } = await new Visit(url).open();
    expect(status).toBe(200);
    for (const text of [
      'STRIPE_TEST_KEY',
      'Development',
      'dev',
      '1Password',
      'READ',
      'claude-code 2.1.4',
      '~/code/shop',
      '4711',
    ]) {
      expect(body).toContain(text);
    }
    expect(body).toContain('calls itself');
    expect(body).toMatch(
      /may read <b[^>]*>this secret<\/b>\s*<span id="for">for <b[^>]*>15 minutes<\/b> without asking again, until <time/,
    );
    expect(body).toContain('Anyone who has this link can decide, an agent too.');
    expect(body).toMatch(/until <time datetime="[^"]+">\d\d:\d\d /);
  });

  it('is told when an approval covers the whole vault', async () => {
    const { url } = await stand.ask({ policy: { ...policy, ttlMs: 60_000, scope: 'vault' } });
    expect((await new Visit(url).open()).body).toMatch(
      /may read <b id="covers" class=wide>every secret in this vault<\/b>\s*<span id="for">for <b[^>]*>1 minute<\/b>/,
    );
  });

  it('is told when nothing is remembered', async () => {
    const { url } = await stand.ask({ policy: { ...policy, ttlMs: 0 } });
    expect((await new Visit(url).open()).body).toContain('it may read this secret <b>once</b>');
  });

  it('sees for each written secret whether it is new, and its masked value', async () => {
    const { url } = await stand.ask(someWrite);
    const { body } = await new Visit(url).open();
    expect(body).toContain('WRITE');
    expect(body).toMatch(/DATABASE_URL<\/bdi><\/span>\s*<span class="effect replaces">REPLACES</);
    expect(body).toMatch(/SESSION_SECRET<\/bdi><\/span>\s*<span class="effect creates">CREATES</);
    expect(body).toContain('pos••••••dev (48 characters)');
    expect(body).not.toContain('without asking again');
  });

  it('approves with one click, and then sees that', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    const reply = await visit.decide('approve');
    expect(reply).toMatchObject({ status: 303, headers: { location: url.pathname + url.search } });
    expect(request.state).toBe('approved');
    expect(request.decision?.approver).toEqual({ name: 'link holder', factor: 'link' });
    const after = await visit.open();
    expect(after.status).toBe(200);
    expect(after.body).toContain('<h1>Approved</h1>');
    expect(after.body).toContain('has not fetched it yet');
    expect(after.body).toMatch(/It may read this secret without asking until <b><time/);
    expect(after.body).toContain('data-look-again');
    expect(after.body).not.toContain('>Approve<');
  });

  it('sees that the agent has fetched it', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    await visit.decide('approve');
    stand.approvals.claims(request.key)[0]!.spend();
    const { body } = await visit.open();
    expect(body).toContain('The agent has what you approved.');
    expect(body).not.toContain('data-look-again');
  });

  it('sees that an approval was never used', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    await visit.decide('approve');
    stand.clock.forward(400_000);
    const { body } = await visit.open();
    expect(request.state).toBe('lapsed');
    expect(body).toContain('Approved, not used');
    expect(body).not.toContain('without asking');
  });

  it('denies with one click, and then sees that', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('deny')).status).toBe(303);
    expect(request.state).toBe('denied');
    expect((await visit.open()).body).toContain('<h1>Denied</h1>');
  });

  it('sees that it expired, or was withdrawn', async () => {
    const [first, second] = [await stand.ask(), await stand.ask()];
    const visits = [new Visit(first.url), new Visit(second.url)];
    for (const visit of visits) await visit.open();
    stand.approvals.withdraw(second.request, 'test');
    stand.clock.forward(300_001);
    expect((await visits[0]!.open()).body).toContain('<h1>Expired</h1>');
    expect((await visits[1]!.open()).body).toContain('<h1>Withdrawn</h1>');
  });

  it('can open a waiting link in a second browser, and decide there', async () => {
    const { url, request } = await stand.ask();
    await new Visit(url).open();
    const second = new Visit(url);
    expect((await second.open()).status).toBe(200);
    await second.decide('approve');
    expect(request.state).toBe('approved');
  });

  it('gets the page once more if it was opened twice and the first one is used', async () => {
    const { url, request } = await stand.ask();
    const [first, second] = [new Visit(url), new Visit(url)];
    await first.open();
    await second.open();
    first.cookie = second.cookie;
    const reply = await first.decide('approve');
    expect(reply.status).toBe(403);
    expect(reply.body).toContain('role="alert"');
    expect(request.state).toBe('pending');
    expect(reply.body).toContain(second.csrf);
    expect((await second.decide('approve')).status).toBe(303);
  });

  it('may open the page again with the same browser and use either', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    const { csrf, cookie } = visit;
    await visit.open();
    expect([visit.csrf, visit.cookie]).toEqual([csrf, cookie]);
    await visit.decide('deny');
    expect(request.state).toBe('denied');
  });

  it('is told, and can try again, when the approval cannot be written down', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    stand.disk.full = true;
    const reply = await visit.decide('approve');
    expect(reply.status).toBe(503);
    expect(reply.body).toContain('the audit log could not be written');
    expect(request.state).toBe('pending');
    stand.disk.full = false;
    expect((await visit.decide('approve')).status).toBe(303);
    expect(actions()).toEqual(['requested', 'approved']);
  });
});

describe('a decision that could not be written down, for a request that ended meanwhile', () => {
  it('is answered with what became of it', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    stand.disk.full = true;
    stand.disk.onAppend = () => stand.approvals.withdraw(request, 'test');
    expect((await visit.decide('approve')).status).toBe(303);
    expect((await visit.open()).body).toContain('<h1>Withdrawn</h1>');
  });
});

describe('a fetch of the link', () => {
  it('decides nothing and uses nothing up, however often and by whomever', async () => {
    const { url, request } = await stand.ask();
    const agents = [
      'Slackbot-LinkExpanding 1.0',
      'TelegramBot (like TwitterBot)',
      'WhatsApp/2.23',
      'facebookexternalhit/1.1',
    ];
    const fetches = [...agents, ...agents].flatMap((agent) =>
      ['GET', 'HEAD'].map((method) => send(url, { method, headers: { 'User-Agent': agent } })),
    );
    for (const reply of await Promise.all(fetches)) expect(reply.status).toBe(200);
    expect(request.state).toBe('pending');
    expect(actions()).toEqual(['requested']);
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('approve')).status).toBe(303);
  });

  it('with HEAD has the headers of the page and no body', async () => {
    const { url } = await stand.ask();
    const [head, get] = [await send(url, { method: 'HEAD' }), await send(url)];
    expect(head.body).toBe('');
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });
});

describe('links that do not work look alike', () => {
  it('whether unknown, used, expired, withdrawn or forged', async () => {
    const dead = await deadLink();
    const [used, denied, expired, withdrawn] = [
      await stand.ask(),
      await stand.ask(),
      await stand.ask(),
      await stand.ask(),
    ];
    await stand.decide(used.request.id, true);
    await stand.decide(denied.request.id, false);
    stand.approvals.withdraw(withdrawn.request, 'test');
    const unknown = new URL((await stand.doorway.link('never-opened' as RequestId, stand.clock.wall() + 60_000)).url);
    const forged = new URL(withdrawn.url.href.replace(/sig=.{43}/, `sig=${'A'.repeat(43)}`));
    for (const url of [used.url, denied.url, withdrawn.url, unknown, forged])
      expect(seen(await send(url))).toEqual(dead);
    stand.clock.forward(300_001);
    expect(seen(await send(expired.url))).toEqual(dead);
  });

  it('also to a click', async () => {
    const dead = await deadLink();
    const [used, other] = [await stand.ask(), await stand.ask()];
    const visit = new Visit(other.url);
    await visit.open();
    await stand.decide(used.request.id, true);
    const onUsed = new Visit(used.url);
    onUsed.csrf = visit.csrf;
    expect(seen(await onUsed.decide('approve'))).toEqual(dead);
    expect(
      seen(await visit.decide('approve', { target: `${other.url.pathname}?exp=1&sig=${'A'.repeat(43)}` })),
    ).toEqual(dead);
  });

  it('and a broken path is one of them', async () => {
    const dead = await deadLink();
    const { url } = await stand.ask();
    for (const target of [
      '/',
      '/approve',
      '/approve/',
      '/approve/%zz',
      '/approve/a/b',
      '/requests',
      '/favicon.ico',
      '/../etc/passwd',
    ]) {
      expect(seen(await send(url, { target })), target).toEqual(dead);
    }
  });

  it('an expiry moved by hand does not keep a request alive', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    stand.clock.forward(300_001);
    const target = url.pathname + url.search.replace(/exp=\d+/, 'exp=9999999999');
    expect((await visit.decide('approve', { target })).status).toBe(404);
    expect((await visit.decide('approve')).status).toBe(303);
    expect(request.state).toBe('expired');
    expect(actions()).toEqual(['requested', 'expired']);
  });
});

describe('a decision', () => {
  it('counts once, even from 50 connections at once', async () => {
    const { url } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, at) => visit.decide(at % 2 === 0 ? 'approve' : 'deny')),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(50).fill(303));
    expect(actions().filter((action) => action === 'approved' || action === 'denied')).toHaveLength(1);
  });

  it('cannot be changed by a second click', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    await visit.decide('deny');
    expect((await visit.decide('approve')).status).toBe(303);
    expect(request.state).toBe('denied');
    expect(actions()).toEqual(['requested', 'denied']);
  });

  it('comes too late once either clock says so', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    stand.clock.forward(300_001);
    await visit.decide('approve');
    expect(request.state).toBe('expired');
  });

  it('needs the token of its own request', async () => {
    const [a, b] = [await stand.ask(), await stand.ask()];
    const [onA, onB] = [new Visit(a.url), new Visit(b.url)];
    await onA.open();
    await onB.open();
    onB.csrf = onA.csrf;
    expect((await onB.decide('approve')).status).toBe(403);
    onB.cookie = onA.cookie;
    expect((await onB.decide('approve')).status).toBe(403);
    onB.cookie = onA.cookie!.replace(a.request.id, b.request.id);
    expect((await onB.decide('approve')).status).toBe(403);
    const mixed = new URL(a.url.pathname + b.url.search, b.url);
    expect((await onB.decide('approve', { target: mixed.pathname + mixed.search })).status).toBe(404);
    expect([a.request.state, b.request.state]).toEqual(['pending', 'pending']);
  });

  it.each([
    ['no origin', { Origin: '' }],
    ['a foreign origin', { Origin: 'https://evil.example' }],
    ['the origin null', { Origin: 'null' }],
    ['another port of localhost', { Origin: 'http://localhost:1' }],
    ['https instead of http', { Origin: 'https://localhost' }],
    ['a page of the same site', { 'Sec-Fetch-Site': 'same-site' }],
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['nobody’s page', { 'Sec-Fetch-Site': 'none' }],
    ['no cookie', { Cookie: '' }],
    ['a made-up cookie', { Cookie: 'av-x=1.2' }],
    ['a replay from the tunnel’s dashboard', { 'Ngrok-Replay-Original-Request-ID': 'rq_1' }],
  ])('from %s is refused', async (_what, headers: Record<string, string>) => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('approve', { headers })).status).toBe(403);
    expect(request.state).toBe('pending');
    expect((await visit.decide('approve')).status).toBe(303);
  });

  it('from 127.0.0.1 does not pass as one from localhost', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('approve', { headers: { Origin: `http://127.0.0.1:${url.port}` } })).status).toBe(403);
    expect((await visit.decide('approve', { headers: { Host: `127.0.0.1:${url.port}` } })).status).toBe(403);
    expect(request.state).toBe('pending');
  });

  it('is accepted from a browser that sends no Sec-Fetch-Site', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('approve', { headers: { 'Sec-Fetch-Site': '' } })).status).toBe(303);
    expect(request.state).toBe('approved');
  });

  it.each([
    ['as JSON', { 'Content-Type': 'application/json' }, '{"decision":"approve"}', 400],
    ['as plain text', { 'Content-Type': 'text/plain' }, 'decision=approve', 400],
    ['as multipart', { 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--', 400],
    ['with no type', { 'Content-Type': '' }, 'decision=approve', 400],
    [
      'in an unknown charset',
      { 'Content-Type': 'application/x-www-form-urlencoded; charset=nonsense' },
      'decision=approve',
      415,
    ],
    ['compressed', { 'Content-Encoding': 'gzip' }, 'decision=approve', 415],
    ['with a field too many', {}, 'csrf=CSRF&decision=approve&ttl=1', 400],
    ['with two answers', {}, 'csrf=CSRF&decision=deny&decision=approve', 400],
    ['longer than 16 KB', {}, `csrf=CSRF&decision=approve&note=${'x'.repeat(17_000)}`, 413],
  ])('sent %s is refused', async (_what, headers: Record<string, string>, body, status) => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    expect((await visit.decide('approve', { headers, body: body.replace('CSRF', visit.csrf) })).status).toBe(status);
    expect(request.state).toBe('pending');
  });
});

describe('the cookie', () => {
  it('is bound to one request, out of reach of scripts and other sites', async () => {
    const { url, request } = await stand.ask();
    const [cookie = ''] = [(await send(url)).headers['set-cookie'] ?? []].flat();
    expect(cookie).toMatch(
      new RegExp(
        `^av-${request.id}=[\\w-]{22}\\.[\\w-]{43}; Path=/approve/${request.id}; HttpOnly; SameSite=Strict; Max-Age=1500$`,
      ),
    );
  });

  it('is found among others of the same name that a page on another port has set', async () => {
    const { url, request } = await stand.ask();
    const visit = new Visit(url);
    await visit.open();
    visit.cookie = `av-${request.id}=planted; x=1; ${visit.cookie ?? ''}`;
    expect((await visit.decide('deny')).status).toBe(303);
  });

  it('of a stranger does not show what became of the request', async () => {
    const dead = await deadLink();
    const [mine, other] = [await stand.ask(), await stand.ask()];
    const stranger = new Visit(other.url);
    await stranger.open();
    await stand.decide(mine.request.id, true);
    const Cookie = stranger.cookie!.replace(other.request.id, mine.request.id);
    expect(seen(await send(mine.url, { headers: { Cookie } }))).toEqual(dead);
  });
});
