import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/canonical.ts';
import { canonical, sha256 } from '../../src/core/canonical.ts';
import { rule } from '../../src/core/policy.ts';
import type { RequestState, RequestStep } from '../../src/core/request.ts';
import { next } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';

describe('Secret', () => {
  it('prints as a mask however it is printed', () => {
    const secret = new Secret('hunter2');
    const printed = [
      secret.toString(),
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true, depth: 9 }),
    ];
    printed.push(inspect(Object.getOwnPropertyDescriptors(secret)), Object.values(secret).join());
    expect(printed.filter((text) => text.includes('hunter2'))).toEqual([]);
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('canonical', () => {
  // The sorting example of RFC 8785, section 3.2.3.
  it('sorts keys by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'Dalet',
      '1': 'One',
      '\ud83d\ude00': 'Emoji',
      '\u0080': 'Control',
      '\u00f6': 'o',
    };
    expect(Object.values(JSON.parse(canonical(value)) as Record<string, string>)).toHaveLength(7);
    expect(canonical(value)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"Control","\u00f6":"o","\u20ac":"Euro","\ud83d\ude00":"Emoji","\ufb33":"Dalet"}',
    );
  });

  it('writes numbers and strings as the RFC does', () => {
    expect(canonical([1e21, 0.000001, -0, 333333333.3333333, '\u0007"\\/'])).toBe(
      '[1e+21,0.000001,0,333333333.3333333,"\\u0007\\"\\\\/"]',
    );
  });

  it('leaves out undefined members and refuses what JSON cannot hold', () => {
    expect(canonical({ b: undefined, a: null })).toBe('{"a":null}');
    expect(() => canonical(Infinity)).toThrow(TypeError);
    expect(() => canonical('\ud800')).toThrow(TypeError);
  });

  it('does not depend on the order of keys, and loses nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = canonical(value);
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonical(reversed as Json)).toBe(text);
        expect(JSON.stringify(JSON.parse(text))).toBe(
          JSON.stringify(JSON.parse(canonical(JSON.parse(JSON.stringify(value)) as Json))),
        );
      }),
    );
  });

  it('hashes to the well-known digest', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('the life of a request', () => {
  const allowed: [RequestState, RequestStep, RequestState][] = [
    ['opening', 'opened', 'pending'],
    ['opening', 'withdraw', 'withdrawn'],
    ['pending', 'decide', 'deciding'],
    ['pending', 'expire', 'expired'],
    ['pending', 'withdraw', 'withdrawn'],
    ['deciding', 'undo', 'pending'],
    ['deciding', 'approve', 'approved'],
    ['deciding', 'deny', 'denied'],
    ['approved', 'release', 'released'],
    ['approved', 'lapse', 'lapsed'],
  ];
  const states: RequestState[] = [
    'opening',
    'pending',
    'deciding',
    'approved',
    'released',
    'lapsed',
    'denied',
    'expired',
    'withdrawn',
  ];
  const steps: RequestStep[] = [
    'opened',
    'decide',
    'undo',
    'approve',
    'deny',
    'expire',
    'withdraw',
    'release',
    'lapse',
  ];

  it('has exactly these steps', () => {
    const found = states.flatMap((state) =>
      steps.flatMap((step) => (next(state, step) === null ? [] : [[state, step, next(state, step)]])),
    );
    expect(found.sort()).toEqual([...allowed].sort());
  });
});

describe('policy', () => {
  const policy = { ttlMs: 0, scope: 'secret', writable: false, confirm: 'tap' } as const;
  const window = { session: 's', vault: 'v', entryId: null, until: { wall: 1, monotonic: 1 }, request: 'r' } as never;
  it('asks for reads without a window and lets reads with one through', () => {
    expect(rule('read', policy, null)).toEqual({ kind: 'ask' });
    expect(rule('read', policy, window)).toEqual({ kind: 'open', window });
  });
  it('asks for every write, or refuses it, whatever windows are open', () => {
    expect(rule('write', { ...policy, writable: true }, window)).toEqual({ kind: 'ask' });
    expect(rule('write', policy, window)).toEqual({ kind: 'refuse', failure: 'vault_read_only' });
  });
});
