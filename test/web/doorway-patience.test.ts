import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import type { Doorway, Link, OpenTunnel } from '../../src/core/ports.ts';
import type { RequestId } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDoorway } from '../../src/web/doorway.ts';
import { TestClock } from '../support/clock.ts';
import { emptyRooms, listeningLog, send } from './support.ts';

const note = 'this link works on this machine only: the tunnel is still connecting';
const far: OpenTunnel = { origin: () => 'https://av.example.test', close: async () => undefined };

let clock: TestClock;
let said: string[];
let attempts: PromiseWithResolvers<OpenTunnel>[];
let doorway: Doorway;

beforeEach(() => {
  clock = new TestClock();
  said = [];
  attempts = [];
  const connect = (): Promise<OpenTunnel> => {
    const attempt = Promise.withResolvers<OpenTunnel>();
    attempts.push(attempt);
    return attempt.promise;
  };
  doorway = openDoorway({
    ...emptyRooms(clock),
    tunnel: { type: 'test', connect },
    port: 0,
    clock,
    random: systemRandom,
    log: listeningLog(said, /nobody is paired/u),
  });
});

afterEach(async () => {
  const closing = doorway.close();
  for (const { resolve } of attempts) resolve(far);
  await closing;
});

/** A link whose request has this long to live, and what it came to be; null while it waits. */
function asked(lifeMs = 300_000): { link: Promise<Link>; now: () => Promise<Link | null> } {
  let given: Link | null = null;
  const link = doorway.link('some-request' as RequestId, clock.wall() + lifeMs).then((made) => (given = made));
  link.catch(() => undefined);
  return { link, now: async () => (await settled(), given) };
}

/** Once the server is up, everything but the tunnel takes microtasks only. */
async function settled(): Promise<void> {
  await expect.poll(() => attempts.length, { interval: 5 }).toBeGreaterThan(0);
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

describe('a tunnel that is slow', () => {
  it('is waited for two and a half seconds; then the link leads to this machine and says why', async () => {
    const first = asked();
    await first.now();
    clock.pass(2_499);
    expect(await first.now()).toBeNull();
    clock.pass(1);
    const link = await first.link;
    expect(link).toMatchObject({ url: expect.stringMatching(/^http:\/\/localhost:\d+\/approve\//), note });
    expect((await send(new URL(link.url))).status).toBe(404);
  });

  it('is waited for by all links together: later ones have their link at once', async () => {
    const [first, second] = [asked(), asked()];
    await first.now();
    clock.pass(2_000);
    const third = asked();
    expect([await second.now(), await third.now()]).toEqual([null, null]);
    clock.pass(500);
    const fourth = asked();
    for (const { link } of [first, second, third, fourth]) expect((await link).note).toBe(note);
    expect([attempts.length, clock.timers]).toEqual([1, 0]);
  });

  it('takes at most half of the time in which the person can answer', async () => {
    const short = asked(1_000);
    await short.now();
    clock.pass(499);
    expect(await short.now()).toBeNull();
    clock.pass(1);
    expect((await short.link).note).toBe(note);
  });

  it('goes on connecting, serves the links that come later, and says so', async () => {
    const early = asked();
    await early.now();
    clock.pass(2_500);
    const { url } = await early.link;
    attempts[0]?.resolve(far);
    const later = await asked().link;
    expect(later.url).toMatch(/^https:\/\/av\.example\.test\/approve\//);
    expect(later).not.toHaveProperty('note');
    const here = new URL(url).origin;
    await expect
      .poll(() => said)
      .toEqual([`the tunnel is open now: links given before also work with https://av.example.test for ${here}`]);
  });

  it('and fails is tried again by the next link, which waits as long; why it failed is said', async () => {
    const early = [asked(), asked()];
    await early[0]?.now();
    clock.pass(2_500);
    await Promise.all(early.map(({ link }) => link));
    attempts[0]?.reject(new VaultError('tunnel_unavailable', 'ngrok did not answer within 10 seconds'));
    await expect.poll(() => said).toEqual(['the tunnel is not open: ngrok did not answer within 10 seconds']);
    const next = asked();
    expect(await next.now()).toBeNull();
    expect(attempts).toHaveLength(2);
    clock.pass(2_500);
    expect((await next.link).note).toBe(note);
  });

  it('and fails while a link still waits gives that link the reason', async () => {
    const waiting = asked();
    await waiting.now();
    clock.pass(2_000);
    attempts[0]?.reject(new VaultError('tunnel_unavailable', 'ngrok refused the token'));
    expect((await waiting.link).note).toBe('this link works on this machine only: ngrok refused the token');
    expect(said).toEqual([]);
  });
});

describe('a tunnel that throws at once', () => {
  it('is tried again for the next link', async () => {
    let calls = 0;
    const connect = (): never => {
      calls += 1;
      throw new Error('no socket');
    };
    const other = openDoorway({
      ...emptyRooms(clock),
      tunnel: { type: 'test', connect },
      port: 0,
      clock,
      random: systemRandom,
      log: listeningLog(said, /nobody is paired/u),
    });
    for (let time = 1; time <= 2; time += 1) {
      const { note: reason } = await other.link('some-request' as RequestId, clock.wall() + 60_000);
      expect(reason).toBe('this link works on this machine only: the tunnel could not be opened');
      expect(calls).toBe(time);
    }
    await other.close();
  });
});
