import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PasskeyTask } from '../../src/pairing/page.ts';
import { Authenticator } from '../support/authenticator.ts';
import { PairingStand } from '../support/pairing-stand.ts';
import type { Reply, Sent } from './support.ts';
import { send } from './support.ts';

const host = 'vault.example.test';
const origin = `https://${host}`;
const minute = 60_000;

let stand: PairingStand;
let publicOrigin: string | null;
let phone: Authenticator;
beforeEach(async () => {
  publicOrigin = origin;
  stand = await PairingStand.open(() => publicOrigin);
  phone = new Authenticator();
});
afterEach(() => stand.close());

/** As the page's script sends it, through the tunnel. */
function post(step: string, body: unknown, changed: Sent = {}): Promise<Reply> {
  const headers = { Host: host, Origin: origin, 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' };
  return send(new URL(`http://localhost:${stand.port}/pair/${step}`), {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...changed,
    headers: { ...headers, ...changed.headers },
  });
}

interface Said {
  readonly ticket: string;
  readonly options: unknown;
  readonly fingerprint: string | null;
  readonly says: string;
  readonly again: boolean;
  readonly over: boolean;
  readonly good: boolean;
}

const read = ({ body }: Reply): Said => JSON.parse(body) as Said;
const codeOf = ({ url }: { readonly url: string }): string => new URL(url).hash.slice(1);

async function begun(task: { readonly url: string }): Promise<Said> {
  const reply = await post('begin', { code: codeOf(task) });
  expect(reply.status).toBe(200);
  return read(reply);
}

async function enrolled(task: PasskeyTask): Promise<Said> {
  const { ticket, options } = await begun(task);
  const reply = await post('finish', { ticket, response: phone.register(options, origin) });
  expect(reply.status).toBe(200);
  return { ...read(reply), ticket };
}

describe('the pairing page', () => {
  it('is the same for everybody, without the code, and only at the public address', async () => {
    const task = await stand.page.enrol('phone', null);
    const get = (headers: Record<string, string>) => send(new URL(`http://localhost:${stand.port}/pair`), { headers });
    const page = await get({ Host: host });
    expect(page.status).toBe(200);
    expect(page.body).not.toContain(codeOf(task));
    expect(page.body).not.toContain('phone”');
    expect((await get({ Host: `localhost:${stand.port}` })).status).toBe(404);
    expect((await get({ Host: 'evil.example' })).status).toBe(421);
  });

  it('has the safe headers, and nothing of the approval pages', async () => {
    const page = await send(new URL(`http://localhost:${stand.port}/pair`), { headers: { Host: host } });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['strict-transport-security']).toBeDefined();
    for (const target of ['/', '/approve/x?exp=1&sig=1'])
      expect((await send(new URL(`http://localhost:${stand.port}/`), { target, headers: { Host: host } })).status).toBe(
        404,
      );
  });
});

describe('a code', () => {
  it('has 128 bits, and stands in the fragment only', async () => {
    const { url } = await stand.page.enrol('phone', null);
    expect(url).toMatch(/^https:\/\/vault\.example\.test\/pair#[\w-]{22}$/u);
  });

  it('can be looked at without being used up', async () => {
    const task = await stand.page.enrol('phone', null);
    for (let times = 0; times < 3; times += 1) {
      const reply = await post('look', { code: codeOf(task) });
      expect(reply.status).toBe(200);
      expect(reply.body).toContain('“phone”');
    }
    await begun(task);
  });

  it('works once, from 50 browsers at once', async () => {
    const task = await stand.page.enrol('phone', null);
    const replies = await Promise.all(Array.from({ length: 50 }, () => post('begin', { code: codeOf(task) })));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await post('look', { code: codeOf(task) })).status).toBe(404);
  });

  it('is dead after 5 minutes, by either clock, and the terminal hears of it', async () => {
    const task = await stand.page.enrol('phone', null);
    stand.clock.setWall(5 * minute);
    expect((await post('begin', { code: codeOf(task) })).status).toBe(404);
    stand.clock.setWall(-5 * minute);
    stand.clock.pass(5 * minute);
    expect((await post('look', { code: codeOf(task) })).status).toBe(404);
    await expect(task.result).rejects.toMatchObject({ failure: 'approval_unavailable' });
  });

  it('that is wrong, cut or of an earlier errand shows nothing', async () => {
    const first = await stand.page.enrol('phone', null);
    const second = await stand.page.enrol('phone', null);
    const code = codeOf(second);
    for (const wrong of [
      '',
      'x',
      code.slice(1),
      `${code}x`,
      code.toLowerCase() === code ? 'y' : code.toLowerCase(),
      codeOf(first),
    ])
      expect((await post('look', { code: wrong })).status).toBe(404);
    expect((await post('look', { code })).status).toBe(200);
  });
});

describe('a step', () => {
  it.each([
    ['from another site', { headers: { Origin: 'https://evil.example' } }],
    ['without an origin', { headers: { Origin: '' } }],
    ['from a sibling site', { headers: { 'Sec-Fetch-Site': 'same-site' } }],
  ] as [string, Sent][])('%s is refused', async (_what, changed) => {
    const task = await stand.page.enrol('phone', null);
    expect((await post('begin', { code: codeOf(task) }, changed)).status).toBeGreaterThanOrEqual(400);
    await begun(task);
  });

  it.each(['', 'null', '[]', '"x"', '{', '{"code":1}', '{"code":"x","more":"y"}'])(
    'with the body %j is refused',
    async (body) => {
      await stand.page.enrol('phone', null);
      expect((await post('look', body)).status).toBe(404);
    },
  );

  it('is refused on loopback, where no passkey counts', async () => {
    const task = await stand.page.enrol('phone', null);
    const local = { Host: `localhost:${stand.port}`, Origin: `http://localhost:${stand.port}` };
    expect((await post('begin', { code: codeOf(task) }, { headers: local })).status).toBe(403);
    await begun(task);
  });

  it('is refused while the tunnel has another address', async () => {
    const task = await stand.page.enrol('phone', null);
    publicOrigin = 'https://other.example.test';
    expect((await post('begin', { code: codeOf(task) })).status).toBe(421);
    const there = { headers: { Host: 'other.example.test', Origin: publicOrigin } };
    const { options, ticket } = read(await post('begin', { code: codeOf(task) }, there));
    const response = phone.register(options, publicOrigin);
    expect((await post('finish', { ticket, response }, there)).status).toBe(400);
    await expect(task.result).rejects.toMatchObject({ failure: 'approval_unavailable' });
  });
});

describe('an enrolment', () => {
  it('gives terminal and page the same fingerprint, and counts for nothing before the terminal’s yes', async () => {
    const task = await stand.page.enrol('phone', null);
    const { fingerprint, ticket } = await enrolled(task);
    expect(await task.result).toBe(fingerprint);
    expect(read(await post('state', { ticket }))).toEqual({ over: false });
    expect((await stand.roster.read()).approvers).toEqual([]);
    await task.confirm(async () => undefined);
    expect(read(await post('state', { ticket }))).toMatchObject({ over: true, good: true, heading: 'Paired' });
    expect((await stand.roster.read()).approvers).toMatchObject([{ name: 'phone', fingerprint }]);
  });

  it('is not stored when its row cannot be written, and the page says so', async () => {
    const task = await stand.page.enrol('phone', null);
    const { ticket } = await enrolled(task);
    await expect(task.confirm(() => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
    expect((await stand.roster.read()).approvers).toEqual([]);
    expect(read(await post('state', { ticket }))).toMatchObject({ over: true, good: false });
  });

  it('ends with an answer that does not verify', async () => {
    const task = await stand.page.enrol('phone', null);
    const { ticket, options } = await begun(task);
    const forged = phone.register(options, origin, { uv: false });
    expect(read(await post('finish', { ticket, response: forged })).again).toBe(false);
    await expect(task.result).rejects.toMatchObject({ failure: 'approval_unavailable' });
    const honest = phone.register(options, origin);
    expect((await post('finish', { ticket, response: honest })).status).toBe(400);
    await expect(task.confirm(async () => undefined)).rejects.toMatchObject({ failure: 'input_invalid' });
    expect((await stand.roster.read()).approvers).toEqual([]);
  });

  it('ends with the terminal’s no', async () => {
    const task = await stand.page.enrol('phone', null);
    const { ticket } = await enrolled(task);
    task.cancel();
    expect(read(await post('state', { ticket }))).toMatchObject({ over: true, good: false, heading: 'Not paired' });
    await expect(task.confirm(async () => undefined)).rejects.toMatchObject({ failure: 'input_invalid' });
  });

  it('belongs to the browser that began it', async () => {
    const task = await stand.page.enrol('phone', null);
    const { options } = await begun(task);
    const response = phone.register(options, origin);
    for (const ticket of ['', 'x', codeOf(task)]) expect((await post('finish', { ticket, response })).status).toBe(404);
    expect((await post('state', { ticket: '' })).status).toBe(404);
  });

  it('waits no longer than 5 minutes for the phone that began it', async () => {
    const task = await stand.page.enrol('phone', null);
    stand.clock.pass(4 * minute);
    await begun(task);
    stand.clock.pass(4 * minute);
    stand.clock.pass(minute);
    await expect(task.result).rejects.toThrow('did not finish');
  });
});

describe('a change that an approver allows', () => {
  it('is signed by a passkey that counts here', async () => {
    await stand.pair('first', phone);
    const plan = stand.plan({ kind: 'add', name: 'second', factor: 'passkey' });
    const task = stand.page.allow(plan);
    expect((await post('look', { code: codeOf(task) })).body).toContain('second');
    const { ticket, options } = await begun(task);
    const reply = await post('finish', { ticket, response: phone.sign(options, origin) });
    expect(reply.status).toBe(200);
    const proof = await task.result;
    expect(proof.approver).toEqual({ name: 'first', factor: 'passkey' });
    expect(proof.assertion).toContain('"signature"');
    expect(read(await post('state', { ticket }))).toMatchObject({ over: true, good: true });
  });

  it('is not allowed by a passkey that is not paired, but by the right one after it', async () => {
    await stand.pair('first', phone);
    const task = stand.page.allow(stand.plan({ kind: 'add', name: 'second', factor: 'passkey' }));
    const { ticket, options } = await begun(task);
    const foreign = await post('finish', { ticket, response: new Authenticator().sign(options, origin) });
    expect(foreign.status).toBe(400);
    expect(read(foreign).again).toBe(true);
    const again = read(await post('begin', { ticket }));
    expect((await post('finish', { ticket, response: phone.sign(again.options, origin) })).status).toBe(200);
  });

  it('is not allowed by a signature that was made for another change', async () => {
    await stand.pair('first', phone);
    const one = stand.page.allow(stand.plan({ kind: 'add', name: 'second', factor: 'passkey' }));
    const { options: harmless } = await begun(one);
    const signature = phone.sign(harmless, origin);
    const other = stand.page.allow(stand.plan({ kind: 'add', name: 'somebody else', factor: 'passkey' }));
    const { ticket } = await begun(other);
    expect((await post('finish', { ticket, response: signature })).status).toBe(400);
  });
});
