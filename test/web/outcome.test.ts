import { describe, expect, it } from 'vitest';
import type { RequestView } from '../../src/core/ports.ts';
import type { Decision, RequestState } from '../../src/core/request.ts';
import type { OutcomePage } from '../../src/web/outcome.ts';
import { outcomePage } from '../../src/web/outcome.ts';
import { someView } from './support.ts';

const now = Date.UTC(2026, 10, 20, 12, 0);

const view = (state: RequestState, changed: Partial<RequestView> = {}): RequestView => someView({ state, ...changed });

const pageOf = (of: RequestView): OutcomePage | null =>
  outcomePage(of, { now, others: null, lift: '/lift', csrf: 'abc', notice: null });

const batch = ['A', 'B', 'C'].map((name) => ({ id: name, name }));

const decided = (secondsAgo: number, changed: Partial<Decision> = {}): Partial<RequestView> => {
  const at = { wall: now - secondsAgo * 1000, monotonic: 0 };
  const until = { wall: now + 900_000, monotonic: 0 };
  const approver = { name: 'link holder', factor: 'link' } as const;
  const allowed = new Set(someView().names.map(({ id }) => id));
  return { decision: { approve: true, approver, at, until, allowed, scope: 'secret', ...changed } };
};

const denied = (changed: Partial<Decision> = {}): Partial<RequestView> => ({
  decision: {
    approve: false,
    approver: { name: 'link holder', factor: 'link' },
    at: { wall: now - 1_000, monotonic: 0 },
    allowed: new Set(),
    scope: 'secret',
    ...changed,
  },
});

describe('what became of a request', () => {
  it('is not known while it waits', () => {
    expect(pageOf(view('pending'))).toBeNull();
    expect(pageOf(view('opening'))).toBeNull();
  });

  it('is that it expired as soon as no time is left, even if nobody has noticed yet', () => {
    expect(pageOf(view('pending', { remainingMs: 0 }))?.heading).toBe('Expired');
  });

  it.each([
    ['deciding', 'One moment', 'ended'],
    ['approved', 'Approved', 'approved'],
    ['released', 'Approved', 'approved'],
    ['lapsed', 'Approved, not used', 'ended'],
    ['denied', 'Denied', 'denied'],
    ['expired', 'Expired', 'expired'],
    ['withdrawn', 'Withdrawn', 'ended'],
  ] as const)('%s reads "%s", for reads and writes', (state, heading, mark) => {
    const read = pageOf(view(state));
    const write = pageOf(view(state, { operation: 'write' }));
    expect([read, write]).toMatchObject([
      { heading, mark },
      { heading, mark },
    ]);
    if (state !== 'deciding') expect(write?.says).not.toBe(read?.says);
  });

  it.each(['lapsed', 'denied', 'expired', 'withdrawn'] as const)('%s says plainly that nothing happened', (state) => {
    expect(pageOf(view(state))?.says).toContain('Nothing was released.');
    expect(pageOf(view(state, { operation: 'write' }))?.says).toContain('Nothing was changed.');
  });

  it('names the window only where one can open', () => {
    const until = (state: RequestState): unknown => pageOf(view(state, decided(1)))?.until;
    expect(until('approved')).toMatchObject({ iso: '2026-11-20T12:15:00.000Z', covers: 'this secret' });
    expect(until('released')).toMatchObject({ iso: '2026-11-20T12:15:00.000Z' });
    expect(until('lapsed')).toBeNull();
    const wide = pageOf(view('approved', decided(1, { scope: 'vault' })));
    expect(wide?.until?.covers).toBe('every secret in this vault');
    expect(pageOf(view('approved'))?.until).toBeNull();
  });

  it('tells what was left out, and covers only the rest', () => {
    const page = pageOf(view('released', { names: batch, ...decided(1, { allowed: new Set(['B']) }) }));
    expect(page?.heading).toBe('Approved in part');
    expect(page?.names.map(({ name, isRefused }) => [name, isRefused])).toEqual([
      ['A', true],
      ['B', false],
      ['C', true],
    ]);
    expect(page?.until?.covers).toBe('this secret');
  });

  it('strikes nothing out of a denial', () => {
    expect(pageOf(view('denied', denied()))?.names[0]?.isRefused).toBe(false);
  });

  it('names who decided, and how they proved it', () => {
    const by = (name: string, factor: 'link' | 'totp' | 'passkey'): string | undefined =>
      pageOf(view('released', decided(1, { approver: { name, factor } })))?.decided?.by;
    expect(by('link holder', 'link')).toBe('the link holder');
    expect(by('Anna’s phone', 'passkey')).toBe('Anna’s phone (passkey)');
    expect(by('Anna\u202Es phone', 'totp')).toBe('Anna\\u{202e}s phone (authenticator app)');
  });

  it('says for how long what was denied is refused, rounded up to minutes', () => {
    const cooling = pageOf(view('denied', { ...denied({ note: 'Not\u0000now' }), coolingMs: 590_001 }));
    expect(cooling?.cooling).toMatchObject({
      words: '10 minutes',
      isMute: false,
      covers: 'this secret',
      iso: '2026-11-20T12:09:50.001Z',
    });
    expect(cooling?.note).toBe('Not\\u{0}now');
    expect(pageOf(view('denied', { ...denied({ mute: true }), coolingMs: 3_600_000 }))?.cooling?.isMute).toBe(true);
    expect(pageOf(view('denied', denied()))?.cooling).toBeNull();
  });

  it('is looked at again only while it is young', () => {
    expect(pageOf(view('deciding'))?.isSettling).toBe(true);
    expect(pageOf(view('approved', decided(1)))?.isSettling).toBe(true);
    expect(pageOf(view('approved', decided(30)))?.isSettling).toBe(false);
    expect(pageOf(view('released', decided(1)))?.isSettling).toBe(false);
  });
});
