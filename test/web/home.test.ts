import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Authenticator } from '../support/authenticator.ts';
import { HomeStand } from '../support/home.ts';
import type { Reply, Sent } from './support.ts';
import { HomeVisit } from './home-support.ts';

const minute = 60_000;

let stand: HomeStand;
beforeEach(async () => {
  stand = await HomeStand.open();
});
afterEach(() => stand.close());

const pages = ['GET /', 'GET /board', 'GET /events', 'POST /sign-in', 'POST /sign-in/challenge'] as const;
const actions = ['POST /windows/end', 'POST /sign-out'] as const;

describe('while nobody is paired', () => {
  it.each([...pages, ...actions])('%s answers exactly like an unknown page', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    const visit = new HomeVisit(stand);
    const ask = (at: string): Promise<Reply> => (method === 'GET' ? visit.get(at) : visit.post(at));
    const [known, unknown] = [await ask(path), await ask('/nothing-here')];
    expect(known.status).toBe(404);
    expect({ ...known.headers, date: '' }).toEqual({ ...unknown.headers, date: '' });
    expect(known.body).toBe(unknown.body);
  });
});

describe('before it is proved who looks', () => {
  beforeEach(() => stand.pairApp());

  it('the page shows how to prove it, and nothing of what there is', async () => {
    const empty = await new HomeVisit(stand).get('/');
    const { id } = await stand.ask();
    stand.openWindows(3);
    const full = await new HomeVisit(stand).get('/');
    expect(full.status).toBe(200);
    const withoutTokens = (html: string): string => html.replace(/name="csrf" value="[^"]+"/gu, '');
    expect(withoutTokens(full.body)).toBe(withoutTokens(empty.body));
    expect(full.body).toContain('name="totp"');
    expect(full.body).not.toContain(id);
  });

  it('nothing else answers', async () => {
    const visit = new HomeVisit(stand);
    await visit.get('/');
    expect((await visit.get('/board')).status).toBe(404);
    expect((await visit.get('/events')).status).toBe(404);
    stand.openWindows(1);
    expect((await visit.post('/windows/end', { window: 'all' })).status).toBe(403);
    expect(stand.world.windows.all()).toHaveLength(1);
    expect((await visit.post('/sign-out')).status).toBe(403);
  });

  it('says why nobody can sign in once all approvers were wiped', async () => {
    await stand.roster.reset(async () => undefined);
    const { status, body } = await new HomeVisit(stand).get('/');
    expect(status).toBe(200);
    expect(body).not.toContain('name="totp"');
    expect(/class="aside">([^<]+)/u.exec(body)?.[1]).toBe((await stand.ways()).says);
  });
});

describe('signing in', () => {
  beforeEach(() => stand.pairApp());

  it('takes a right code, once', async () => {
    const visit = new HomeVisit(stand);
    const { status, headers } = await visit.signIn();
    expect([status, headers['location']]).toEqual([303, '/']);
    expect((await visit.get('/')).body).toContain('Signed in as <b><bdi>Anna’s phone');
    const second = new HomeVisit(stand);
    await second.signIn(stand.code());
    expect((await second.get('/')).body).toContain('name="totp"');
  });

  it.each(['000000', '', 'abc'])('is refused with the code "%s", in words, and can be tried again', async (code) => {
    const visit = new HomeVisit(stand);
    await visit.get('/');
    const { status, body } = await visit.post('/sign-in', { totp: code });
    expect(status).toBe(403);
    expect(body).toMatch(/role="alert">[^<]*code/u);
    expect((await visit.signIn()).status).toBe(303);
  });

  it('does not count with a form that is not from the page', async () => {
    const visit = new HomeVisit(stand);
    await visit.get('/');
    const right = { totp: stand.code() };
    const foreign: Sent[] = [
      { headers: { Origin: 'https://evil.example' } },
      { headers: { Origin: 'http://localhost:1' } },
      { headers: { 'Sec-Fetch-Site': 'cross-site' } },
      { headers: { 'Sec-Fetch-Site': 'same-site' } },
    ];
    for (const sent of foreign) expect((await visit.post('/sign-in', right, sent)).status).toBe(403);
    expect((await visit.post('/sign-in', { ...right, csrf: 'x'.repeat(43) })).status).toBe(403);
    expect((await visit.post('/sign-in', { ...right, more: '1' })).status).toBe(400);
    expect((await visit.post('/sign-in', right)).status).toBe(303);
  });

  it('of a stranger takes the cookie that this stranger was given', async () => {
    const [one, other] = [new HomeVisit(stand), new HomeVisit(stand)];
    await one.get('/');
    await other.get('/');
    expect((await one.post('/sign-in', { totp: stand.code(), csrf: other.csrf })).status).toBe(403);
  });

  it('knows no stranger by a cookie that we did not make', async () => {
    const visit = new HomeVisit(stand);
    const made = (await visit.get('/')).headers['set-cookie'];
    expect((await visit.get('/')).headers['set-cookie']).toBeUndefined();
    visit.cookies.set(`av-door-${stand.port}`, `${'x'.repeat(9_000)}.${'y'.repeat(43)}`);
    expect((await visit.get('/')).headers['set-cookie']).toHaveLength(made!.length);
  });

  it('by a passkey begins with a challenge, or says why not', async () => {
    const visit = new HomeVisit(stand);
    await visit.get('/');
    const none = await visit.post('/sign-in/challenge');
    expect([none.status, none.headers['content-type']]).toEqual([403, 'application/json']);
    expect(JSON.parse(none.body)).toEqual({ says: (await stand.ways()).says });
    const stale = await visit.post('/sign-in/challenge', { csrf: 'x'.repeat(43) });
    expect(JSON.parse(stale.body)).toEqual({ says: 'This page had grown old. Please try again.' });
  });

  it('by a passkey counts for the browser that asked for the challenge, once', async () => {
    stand.origin = 'https://vault.example';
    const key = new Authenticator();
    await stand.pairPasskey(key);
    const [visit, other] = [new HomeVisit(stand, stand.origin), new HomeVisit(stand, stand.origin)];
    await visit.get('/');
    await other.get('/');
    const challenge = async (): Promise<Record<string, string>> => {
      const { id, options } = JSON.parse((await visit.post('/sign-in/challenge')).body) as Challenge;
      return { ceremony: id, assertion: key.sign(options, 'https://vault.example') };
    };
    expect((await other.post('/sign-in', await challenge())).status).toBe(403);
    const proof = await challenge();
    expect((await visit.post('/sign-in', proof)).status).toBe(303);
    expect((await other.post('/sign-in', proof)).status).toBe(403);
    const again = await visit.post('/sign-in', proof);
    expect([again.status, again.body.includes('was answered before')]).toEqual([403, true]);
  });

  it('gives a cookie that no script, other site or plain connection sees', async () => {
    stand.origin = 'https://vault.example';
    const visit = new HomeVisit(stand, stand.origin);
    const secure = await visit.signIn();
    expect(secure.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-av-home=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=900$/u),
    ]);
    const plain = await new HomeVisit(stand).signIn(stand.code(1));
    expect(plain.headers['set-cookie']).toEqual([
      expect.stringMatching(
        new RegExp(`^av-home-${stand.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=900$`, 'u'),
      ),
    ]);
  });

  it('counts at the place where it was done, and at no other', async () => {
    const visit = new HomeVisit(stand);
    await visit.signIn();
    const [token = ''] = [...visit.cookies].filter(([name]) => name.includes('home')).map(([, value]) => value);
    stand.origin = 'https://vault.example';
    const elsewhere = new HomeVisit(stand, stand.origin);
    elsewhere.cookies.set('__Host-av-home', token);
    expect((await elsewhere.get('/')).body).toContain('name="totp"');
  });
});

describe('a sign-in ends', () => {
  const isIn = async (visit: HomeVisit, path = '/'): Promise<boolean> =>
    (await visit.get(path)).body.includes('Signed in as');

  let visit: HomeVisit;
  beforeEach(async () => {
    await stand.pairApp();
    visit = new HomeVisit(stand);
    await visit.signIn();
    expect(await isIn(visit)).toBe(true);
  });

  it('after 15 minutes without use, counted from the last use', async () => {
    stand.world.clock.pass(14 * minute);
    expect(await isIn(visit)).toBe(true);
    stand.world.clock.pass(14 * minute);
    expect(await isIn(visit)).toBe(true);
    stand.world.clock.pass(15 * minute);
    expect(await isIn(visit)).toBe(false);
  });

  it('after 15 minutes in which only the page’s script looked', async () => {
    for (let passed = 0; passed < 3; passed += 1) {
      expect(await isIn(visit, '/board')).toBe(true);
      stand.world.clock.pass(5 * minute);
    }
    expect(await isIn(visit)).toBe(false);
  });

  it('when somebody set the clock', async () => {
    stand.world.clock.setWall(16 * minute);
    expect(await isIn(visit)).toBe(false);
  });

  it('at once when an approver is added, removed, or all are wiped', async () => {
    const other = await stand.pairApp('Ben’s phone', 'KRSXG5CTKRSXG5CTKRSXG5CTKRSXG5CT');
    expect(await isIn(visit)).toBe(false);

    visit = new HomeVisit(stand);
    await visit.signIn(stand.code(1));
    expect(await isIn(visit)).toBe(true);
    await stand.roster.remove(other.id, { by: { approver: other, assertion: null }, before: async () => undefined });
    expect(await isIn(visit)).toBe(false);

    stand.world.clock.pass(minute);
    visit = new HomeVisit(stand);
    await visit.signIn(stand.code());
    expect(await isIn(visit)).toBe(true);
    await stand.roster.reset(async () => undefined);
    expect(await isIn(visit)).toBe(false);
  });

  it('at once when the user’s own limits ask for a stronger factor', async () => {
    stand.required = 'passkey';
    expect(await isIn(visit)).toBe(false);
  });

  it('when its person signs out, also for whoever kept the cookie', async () => {
    const kept = new Map(visit.cookies);
    const { status, headers } = await visit.post('/sign-out');
    expect([status, headers['location']]).toEqual([303, '/']);
    expect(await isIn(visit)).toBe(false);
    for (const [name, value] of kept) visit.cookies.set(name, value);
    expect(await isIn(visit)).toBe(false);
  });

  it('when eight others came after it', async () => {
    const others: HomeVisit[] = [];
    for (let nth = 1; nth <= 8; nth += 1) {
      stand.world.clock.pass(30_000);
      const other = new HomeVisit(stand);
      await other.signIn();
      others.push(other);
    }
    expect(await Promise.all(others.map((other) => isIn(other, '/board')))).toEqual(others.map(() => true));
    expect(await isIn(visit)).toBe(false);
  });

  it('with the process', async () => {
    const next = await HomeStand.open();
    const there = new HomeVisit(next);
    await next.pairApp();
    for (const [, value] of visit.cookies) there.cookies.set(`av-home-${next.port}`, value);
    expect(await isIn(there)).toBe(false);
    await next.close();
  });
});

describe('the page of an approver', () => {
  let visit: HomeVisit;
  beforeEach(async () => {
    await stand.pairApp();
    visit = new HomeVisit(stand);
    await visit.signIn();
  });

  it('says kindly that there is nothing', async () => {
    const { body } = await visit.get('/');
    expect(body).toContain('Nothing waits for you');
    expect(body).toContain('Nothing can be read without asking you.');
    expect(body).toContain('Nothing has been decided yet.');
  });

  it('shows what waits, with a link that works, and no reason in the agent’s words', async () => {
    const { id } = await stand.ask({ reason: 'the agent’s own story' });
    await stand.ask({ operation: 'write', names: [{ id: '1', name: 'ONE' }, ...letters('ABCD')] });
    const { body } = await visit.get('/');
    expect(body).toContain('2 requests wait for you');
    expect(body).toContain('calls itself <b><bdi>claude-code 2.1.4</bdi></b>');
    expect(body).toMatch(/5 secrets to <b><bdi>dev[^]*ONE[^]*and 2 more/u);
    expect(body).not.toContain('own story');
    const [, href = ''] = new RegExp(`href="(/approve/${id}[^"]*)"`, 'u').exec(body) ?? [];
    const page = await visit.get(href.replaceAll('&amp;', '&'));
    expect(page.status).toBe(200);
    expect(page.body).toContain('STRIPE_TEST_KEY');
  });

  it('leaves out what nobody can decide any more', async () => {
    await stand.ask();
    stand.world.clock.pass(6 * minute);
    expect((await visit.get('/')).body).toContain('Nothing waits for you');
  });

  it('shows an agent’s text harmlessly, and what is cut says so', async () => {
    const hostile = '</b><script>alert(1)</script>\u202E\u0000';
    await stand.ask({
      vault: hostile,
      names: [{ id: '1', name: hostile, title: `${hostile}${'x'.repeat(300)}` }],
      session: { ...stand.world.session, agent: hostile, folder: hostile },
    });
    const { body } = await visit.get('/');
    expect(body).not.toContain('<script>alert');
    expect(body).not.toMatch(/[\u202E\u0000]/u);
    expect(body).toContain('\\u{202e}');
    expect(body).toMatch(/… \(\d+ more characters\)/u);
  });

  it('shows what was decided, how, and by whom', async () => {
    const { world } = stand;
    const [one, two] = [await stand.ask({ names: letters('AB') }), await stand.ask({ names: letters('C') })];
    await world.choose({ approve: true, names: ['A'], windowMs: 5 * minute }, one.id);
    expect((await visit.get('/')).body).toMatch(/<b>Approved, not fetched yet<\/b>, 1 of 2, for 5 minutes/u);
    world.clock.pass(1_000);
    await world.choose({ approve: false, mute: true }, two.id);
    const { body } = await visit.get('/');
    expect(body).toMatch(/<b>Denied<\/b>, muted for an hour[^]*<b>Approved, not used<\/b>, 1 of 2, for 5 minutes/u);
    expect(body).toContain('by <bdi>link holder</bdi>');
    expect(body).not.toContain('<bdi>B</bdi>');
  });

  it('ends one window, or all of them, and says so once', async () => {
    const { windows, audit } = stand.world;
    stand.openWindows(3);
    expect((await visit.get('/')).body).toContain('3 windows');
    const { status, headers } = await visit.post('/windows/end', { window: 'request-1' });
    expect([status, headers['location']]).toEqual([303, '/']);
    expect(windows.all().map(({ request }) => request)).toEqual(['request-0', 'request-2']);
    expect((await visit.get('/')).body).toContain('1 window ended. The next read asks you again.');
    expect((await visit.get('/')).body).not.toContain('window ended');

    await visit.post('/windows/end', { window: 'all' });
    expect(windows.all()).toEqual([]);
    expect((await visit.get('/')).body).toContain('2 windows ended.');
    await visit.post('/windows/end', { window: 'all' });
    expect((await visit.get('/')).body).toContain('Nothing was left to end.');
    expect(audit.of('window_closed').map(({ detail }) => detail)).toEqual(
      Array(3).fill(expect.objectContaining({ by: 'Anna’s phone', factor: 'totp' })),
    );
  });

  it('ends no window for a form that is not from this page', async () => {
    stand.openWindows(1);
    const all = { window: 'all' };
    const foreign = { headers: { Origin: 'https://evil.example' } };
    expect((await visit.post('/windows/end', all, foreign)).status).toBe(403);
    const stale = await visit.post('/windows/end', { ...all, csrf: 'x'.repeat(43) });
    expect([stale.status, stale.body.includes('Nothing was changed')]).toEqual([403, true]);
    expect((await visit.post('/windows/end', { ...all, more: '1' })).status).toBe(400);
    expect((await visit.get('/windows/end')).status).toBe(404);
    expect(stand.world.windows.all()).toHaveLength(1);
  });

  it('lists a hundred of a thousand windows, those that end first, and ends them all', async () => {
    stand.openWindows(1_000);
    const { body } = await visit.get('/');
    expect(body.match(/class="end-one"/gu)).toHaveLength(100);
    expect(body).toContain('value="request-0"');
    expect(body).toContain('and 900 more that last longer');
    expect(body).toContain('End all 1000 windows now');
    await visit.post('/windows/end', { window: 'all' });
    expect(stand.world.windows.all()).toEqual([]);
  });

  it('is not for search engines, frames, other sites or caches, like every page', async () => {
    const { headers } = await visit.get('/');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

describe('on the home screen of a phone', () => {
  it('the page can be installed, with icons of the sizes that the manifest names', async () => {
    await stand.pairApp();
    const visit = new HomeVisit(stand);
    expect((await visit.get('/')).body).toContain('rel="manifest" href="/assets/manifest.webmanifest"');
    const reply = await visit.get('/assets/manifest.webmanifest');
    expect(reply.headers['content-type']).toBe('application/manifest+json');
    const manifest = JSON.parse(reply.body) as Manifest;
    expect(manifest).toMatchObject({ name: 'Agent Vault', start_url: '/', display: 'standalone' });
    for (const { src, sizes, type } of manifest.icons) {
      const icon = await visit.get(src);
      expect([icon.status, icon.headers['content-type']]).toEqual([200, type]);
      if (type === 'image/png') expect(`${await widthOf(src)}x${await widthOf(src)}`).toBe(sizes);
    }
  });
});

interface Challenge {
  readonly id: string;
  readonly options: unknown;
}

interface Manifest {
  readonly icons: readonly { readonly src: string; readonly sizes: string; readonly type: string }[];
}

/** As the header of a PNG file tells it. */
async function widthOf(src: string): Promise<number> {
  const file = await readFile(new URL(`../../views${src}`, import.meta.url));
  return file.readUInt32BE(16);
}

function letters(text: string) {
  return Array.from(text, (name) => ({ id: name, name }));
}
