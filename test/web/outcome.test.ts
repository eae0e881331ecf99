import { describe, expect, it } from 'vitest';
import type { RequestView } from '../../src/core/ports.ts';
import type { RequestId, RequestState } from '../../src/core/request.ts';
import { outcomePage } from '../../src/web/outcome.ts';
import { someRequest } from './support.ts';

const now = Date.UTC(2026, 10, 20, 12, 0);
const { session, vault, vaultType, names, reason } = someRequest;

function view(state: RequestState, changed: Partial<RequestView> = {}): RequestView {
  return {
    id: 'x' as RequestId,
    state,
    operation: 'read',
    vault,
    vaultType,
    names,
    reason,
    session,
    windowMs: 900_000,
    scope: 'secret',
    openedAt: now - 60_000,
    expiresAt: now + 240_000,
    remainingMs: 240_000,
    ...changed,
  };
}

const decided = (secondsAgo: number): Partial<RequestView> => {
  const at = { wall: now - secondsAgo * 1000, monotonic: 0 };
  const until = { wall: now + 900_000, monotonic: 0 };
  return { decision: { approve: true, approver: { name: 'link holder', factor: 'link' }, at, until } };
};

describe('what became of a request', () => {
  it('is not known while it waits', () => {
    expect(outcomePage(view('pending'), now)).toBeNull();
    expect(outcomePage(view('opening'), now)).toBeNull();
  });

  it('is that it expired as soon as no time is left, even if nobody has noticed yet', () => {
    expect(outcomePage(view('pending', { remainingMs: 0 }), now)?.heading).toBe('Expired');
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
    const read = outcomePage(view(state), now);
    const write = outcomePage(view(state, { operation: 'write' }), now);
    expect([read, write]).toMatchObject([
      { heading, mark },
      { heading, mark },
    ]);
    if (state !== 'deciding') expect(write?.says).not.toBe(read?.says);
  });

  it.each(['lapsed', 'denied', 'expired', 'withdrawn'] as const)('%s says plainly that nothing happened', (state) => {
    expect(outcomePage(view(state), now)?.says).toContain('Nothing was released.');
    expect(outcomePage(view(state, { operation: 'write' }), now)?.says).toContain('Nothing was changed.');
  });

  it('names the window only where one can open', () => {
    const until = (state: RequestState): unknown => outcomePage(view(state, decided(1)), now)?.until;
    expect(until('approved')).toMatchObject({ iso: '2026-11-20T12:15:00.000Z', covers: 'this secret' });
    expect(until('released')).toMatchObject({ iso: '2026-11-20T12:15:00.000Z' });
    expect(until('lapsed')).toBeNull();
    const wide = outcomePage(view('approved', { ...decided(1), scope: 'vault' }), now);
    expect(wide?.until?.covers).toBe('every secret in this vault');
    expect(outcomePage(view('approved'), now)?.until).toBeNull();
  });

  it('is looked at again only while it is young', () => {
    expect(outcomePage(view('deciding'), now)?.isSettling).toBe(true);
    expect(outcomePage(view('approved', decided(1)), now)?.isSettling).toBe(true);
    expect(outcomePage(view('approved', decided(30)), now)?.isSettling).toBe(false);
    expect(outcomePage(view('released', decided(1)), now)?.isSettling).toBe(false);
  });
});
