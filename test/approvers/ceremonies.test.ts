import { describe, expect, it } from 'vitest';
import { Ceremonies } from '../../src/approvers/ceremonies.ts';
import type { Occasion } from '../../src/approvers/define.ts';
import { TestClock } from '../support/clock.ts';
import { origin } from './support.ts';

const occasion: Occasion = { purpose: 'decision', about: 'request', origin };

function ceremony(changes: Partial<Occasion> = {}) {
  return { occasion: { ...occasion, ...changes }, body: '{}', nonce: Buffer.alloc(32) };
}

describe('the open ceremonies', () => {
  it.each<[string, Partial<Occasion>]>([
    ['purpose', { purpose: 'approvers' }],
    ['matter', { about: 'another' }],
    ['origin', { origin: 'https://other.example.com' }],
  ])('are not found for another %s, and are gone then', (_, other) => {
    const ceremonies = new Ceremonies(new TestClock());
    ceremonies.put('one', ceremony());
    expect(ceremonies.take('one', { ...occasion, ...other })).toBeNull();
    expect(ceremonies.take('one', occasion)).toBeNull();
  });

  it('are bounded in number for each purpose, so that the sign-in page cannot push out decisions', () => {
    const ceremonies = new Ceremonies(new TestClock());
    ceremonies.put('decision', ceremony());
    for (let count = 0; count < 5_000; count += 1) {
      ceremonies.put(`home ${String(count)}`, ceremony({ purpose: 'home', about: String(count) }));
    }
    expect(ceremonies.size).toBe(301);
    expect(ceremonies.take('decision', occasion)).not.toBeNull();
  });

  it('leave nothing behind once their time is over', () => {
    const clock = new TestClock();
    const ceremonies = new Ceremonies(clock);
    for (let count = 0; count < 10; count += 1) ceremonies.put(String(count), ceremony());
    clock.pass(120_000);
    ceremonies.put('later', ceremony());
    expect(ceremonies.size).toBe(1);
  });
});
