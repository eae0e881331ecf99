import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HomeStand } from '../support/home.ts';
import { HomeVisit } from './home-support.ts';

let stand: HomeStand;
let visit: HomeVisit;
const streams: Stream[] = [];
beforeEach(async () => {
  stand = await HomeStand.open();
  await stand.pairApp();
  visit = new HomeVisit(stand);
  await visit.signIn();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.leave();
  await stand.close();
});

interface Stream {
  readonly response: IncomingMessage;
  text: string;
  isOver: boolean;
  leave(): void;
}

/** Listens as the page's script does. */
async function listen(cookie = visit.cookie()): Promise<Stream> {
  const sent = httpRequest({
    host: '127.0.0.1',
    port: stand.port,
    path: '/events',
    agent: false,
    headers: { Host: stand.url.host, Cookie: cookie, 'ngrok-skip-browser-warning': '1' },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end();
  });
  const stream: Stream = { response, text: '', isOver: false, leave: () => void sent.destroy() };
  response.on('data', (chunk: Buffer) => (stream.text += chunk.toString()));
  response.on('close', () => (stream.isOver = true));
  response.on('error', () => undefined);
  streams.push(stream);
  await expect.poll(() => stream.text).toContain(': here');
  return stream;
}

const changes = ({ text }: Stream): number => text.split('event: change').length - 1;
const isOver = ({ isOver: over }: Stream): boolean => over;

describe('the stream of changes', () => {
  it('says that something changed, not what', async () => {
    const stream = await listen();
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    await stand.ask();
    stand.world.clock.pass(500);
    await expect.poll(() => changes(stream)).toBe(1);
    stand.openWindows(1);
    stand.world.clock.pass(500);
    await expect.poll(() => changes(stream)).toBe(2);
    expect(stream.text.replace(/: here\n\n|event: change\ndata:\n\n/gu, '')).toBe('');
  });

  it('tells many changes at once as one', async () => {
    const stream = await listen();
    stand.openWindows(500);
    stand.world.clock.pass(500);
    await expect.poll(() => changes(stream)).toBe(1);
    stand.world.clock.pass(20_000);
    await expect.poll(() => stream.text).toMatch(/: here\n\n$/u);
    expect(changes(stream)).toBe(1);
  });

  it('shows every 20 seconds that it lives', async () => {
    const stream = await listen();
    stand.world.clock.pass(40_000);
    await expect.poll(() => stream.text).toBe(': here\n\n'.repeat(3));
  });

  it('ends when its person signs out', async () => {
    const stream = await listen();
    await visit.post('/sign-out');
    await expect.poll(() => isOver(stream)).toBe(true);
  });

  it('ends when 15 minutes pass without its person, and does not count as use', async () => {
    const stream = await listen();
    stand.world.clock.pass(14 * 60_000);
    await expect.poll(() => stream.text.length).toBeGreaterThan(100);
    expect(isOver(stream)).toBe(false);
    stand.world.clock.pass(2 * 60_000);
    await expect.poll(() => isOver(stream)).toBe(true);
  });

  it('ends when its approver is removed, before anything more is said', async () => {
    const stream = await listen();
    await stand.roster.reset(async () => undefined);
    await stand.ask();
    stand.world.clock.pass(500);
    await expect.poll(() => isOver(stream)).toBe(true);
    expect(changes(stream)).toBe(0);
  });

  it('is had by five pages at most: the sixth takes the place of the oldest', async () => {
    const first = await listen();
    const others = [await listen(), await listen(), await listen(), await listen(), await listen()];
    await expect.poll(() => isOver(first)).toBe(true);
    expect(others.map(isOver)).toEqual(others.map(() => false));
  });

  it('leaves nothing behind when the browser goes, or the server closes', async () => {
    const { clock } = stand.world;
    const before = clock.timers;
    const [gone, cut] = [await listen(), await listen()];
    expect(clock.timers).toBe(before + 2);
    gone.leave();
    await expect.poll(() => clock.timers).toBe(before + 1);
    stand.openWindows(1);
    expect(clock.timers).toBe(before + 2);
    clock.pass(500);
    await stand.closeHouse();
    await expect.poll(() => [isOver(cut), clock.timers]).toEqual([true, before]);
  });
});
