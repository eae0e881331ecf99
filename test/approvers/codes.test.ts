import { describe, expect, it } from 'vitest';
import type { Gate, Occasion } from '../../src/approvers/define.ts';
import { openGate } from '../../src/approvers/gate.ts';
import { stepOf } from '../../src/approvers/codes.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Proof } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { TestClock } from '../support/clock.ts';
import { pairApp, stateFolder } from './support.ts';

const step = 30_000;
const minute = 60_000;
const anna: Proof = { approver: { name: 'Anna’s app', factor: 'totp' }, assertion: null };

interface Scene {
  readonly clock: TestClock;
  readonly roster: Roster;
  readonly gate: Gate;
  /** The code that the app shows now, or showed or will show. */
  readonly code: (atWall?: number) => string;
  /** Like the process, started anew. */
  readonly again: () => Gate;
}

async function paired(): Promise<Scene> {
  const clock = new TestClock();
  const folder = await stateFolder();
  const again = (): Gate =>
    openGate({
      roster: openRoster(folder, clock),
      publicOrigin: () => null,
      requiredFactor: () => 'link',
      clock,
      random: systemRandom,
    });
  const roster = openRoster(folder, clock);
  const { code } = await pairApp({ roster, clock });
  clock.pass(step);
  return { clock, roster, code, again, gate: again() };
}

function about(request: string): Occasion {
  return { purpose: 'decision', about: request, origin: 'http://localhost:9999' };
}

async function proves(gate: Gate, code: string, request = 'r'): Promise<boolean> {
  return (await gate.byCode(about(request), code)).proved;
}

/** Six digits that the app does not show around now. */
function wrong({ clock, code }: Scene): string {
  const shown = [-2, -1, 0, 1, 2].map((steps) => code(clock.wall() + steps * step));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((digits) => !shown.includes(digits)) ?? '';
}

/** So many wrong codes, each for a request of its own; what the last one was answered. */
async function fail(scene: Scene, times: number): Promise<string> {
  let says = '';
  for (let count = 0; count < times; count += 1) {
    const answer = await scene.gate.byCode(about(`failing ${systemRandom.id()}`), wrong(scene));
    says = answer.proved ? 'proved' : answer.says;
  }
  return says;
}

describe('a code', () => {
  it('is what RFC 6238 says', async () => {
    const secret = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    const table = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_234_567_890, '005924'],
      [20_000_000_000, '353130'],
    ] as const;
    for (const [seconds, code] of table) {
      expect(await stepOf(code, secret, seconds * 1_000, 0)).toBe(Math.floor(seconds / 30));
    }
  });

  it('proves its approver', async () => {
    const { gate, code } = await paired();
    const approver = { name: 'Anna’s app', factor: 'totp' };
    expect(await gate.byCode(about('r'), code())).toEqual({ proved: true, approver, assertion: null });
  });

  it('may be typed with a space', async () => {
    const { gate, code } = await paired();
    expect(await proves(gate, ` ${code().slice(0, 3)} ${code().slice(3)} `)).toBe(true);
  });

  it.each([
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ])('of %i steps from now proves: %s', async (steps, expected) => {
    const { clock, gate, code } = await paired();
    clock.pass(5 * step);
    expect(await proves(gate, code(clock.wall() + steps * step))).toBe(expected);
  });

  it('counts once, in whatever process, and none of an older step after it', async () => {
    const { clock, gate, code, again } = await paired();
    clock.pass(5 * step);
    const [older, now] = [code(clock.wall() - step), code()];
    expect(await proves(gate, now)).toBe(true);
    expect([await proves(gate, now), await proves(again(), now, 'other')]).toEqual([false, false]);
    expect(await proves(gate, older, 'third')).toBe(false);
    clock.pass(step);
    expect(await proves(gate, now, 'fourth')).toBe(false);
    expect(await proves(gate, code(), 'fifth')).toBe(true);
  });

  it('counts once when 20 processes try it at the same moment', async () => {
    const { code, again } = await paired();
    const now = code();
    const tries = Array.from({ length: 20 }, (_, at) => proves(again(), now, `r${String(at)}`));
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
  });

  it('is never the one with which the app was paired', async () => {
    const clock = new TestClock();
    const roster = openRoster(await stateFolder(), clock);
    const { code } = await pairApp({ roster, clock });
    const gate = openGate({
      roster,
      publicOrigin: () => null,
      requiredFactor: () => 'link',
      clock,
      random: systemRandom,
    });
    expect(await proves(gate, code())).toBe(false);
  });

  it.each(['', '12345', '1234567', 'abcdef', '12345a', '１２３４５６', '-12345'])(
    'is not %j, which costs no try',
    async (text) => {
      const scene = await paired();
      for (let count = 0; count < 10; count += 1) {
        expect(await scene.gate.byCode(about('r'), text)).toMatchObject({ proved: false, ends: false });
      }
      expect((await scene.roster.read()).approvers).toMatchObject([{ failures: 0 }]);
      expect(await proves(scene.gate, scene.code())).toBe(true);
    },
  );

  it('may be of any of several apps', async () => {
    const { clock, roster, gate, code } = await paired();
    const second = await pairApp({ roster, clock, name: 'Another app', by: anna });
    clock.pass(step);
    expect(await gate.byCode(about('r'), second.code())).toMatchObject({ approver: { name: 'Another app' } });
    expect(await gate.byCode(about('r'), code())).toMatchObject({ approver: { name: 'Anna’s app' } });
    expect((await roster.read()).approvers).toMatchObject([{ failures: 0 }, { failures: 0 }]);
  });

  it('counts no more once its app was removed', async () => {
    const { roster, gate, code } = await paired();
    const [app] = (await roster.read()).approvers;
    await roster.remove(app?.id ?? '', { by: anna, before: async () => undefined });
    const answer = await gate.byCode(about('r'), code());
    expect(answer).toMatchObject({ proved: false, says: expect.stringContaining('all approvers were removed') });
  });
});

describe('wrong codes', () => {
  it('end the request at the fifth, for right ones too', async () => {
    const scene = await paired();
    const answers = [];
    for (let count = 0; count < 5; count += 1) answers.push(await scene.gate.byCode(about('r'), wrong(scene)));
    expect(answers.map((answer) => !answer.proved && answer.ends)).toEqual([false, false, false, false, true]);
    scene.clock.pass(minute);
    expect(await scene.gate.byCode(about('r'), scene.code())).toMatchObject({ proved: false, ends: true });
    expect(await proves(scene.gate, scene.code(), 'another')).toBe(true);
  });

  it('never end the home page, which would lock its owner out', async () => {
    const scene = await paired();
    const home: Occasion = { purpose: 'home', about: 'home', origin: 'http://localhost:9999' };
    for (let count = 0; count < 8; count += 1) {
      expect(await scene.gate.byCode(home, wrong(scene))).toMatchObject({ proved: false, ends: false });
      scene.clock.pass(60 * minute);
    }
    expect(await scene.gate.byCode(home, scene.code())).toMatchObject({ proved: true });
  });

  it('at the door of the home page hold up nobody who decides: strangers can stand there without a link', async () => {
    const scene = await paired();
    const home: Occasion = { purpose: 'home', about: 'home', origin: 'http://localhost:9999' };
    for (let count = 0; count < 5; count += 1) await scene.gate.byCode(home, wrong(scene));
    expect(await scene.gate.byCode(home, scene.code())).toMatchObject({
      says: expect.stringContaining('for 1 minute'),
    });
    expect(await scene.again().byCode(home, scene.code())).toMatchObject({ proved: false });
    expect(await proves(scene.gate, scene.code())).toBe(true);
    scene.clock.pass(minute);
    expect(await scene.gate.byCode(home, scene.code())).toMatchObject({ proved: true });
  });

  it('at pages of requests hold up nobody at the door of the home page', async () => {
    const scene = await paired();
    await fail(scene, 5);
    const home: Occasion = { purpose: 'home', about: 'home', origin: 'http://localhost:9999' };
    expect(await scene.gate.byCode(home, scene.code())).toMatchObject({ proved: true });
    scene.clock.pass(step);
    expect(await proves(scene.gate, scene.code())).toBe(false);
  });

  it('write nothing while none is looked at: whoever hammers keeps no approver from the file', async () => {
    const scene = await paired();
    await fail(scene, 5);
    const stamp = await scene.roster.stamp();
    expect(await fail(scene, 3)).toContain('none is looked at for 1 minute.');
    expect(await scene.gate.byCode(about('r'), scene.code())).toMatchObject({ proved: false });
    expect(await scene.roster.stamp()).toBe(stamp);
  });

  it('that come at the same moment are all counted', async () => {
    const scene = await paired();
    const tries = Array.from({ length: 12 }, () => scene.gate.byCode(about('r'), wrong(scene)));
    const ends = (await Promise.all(tries)).filter((answer) => !answer.proved && answer.ends);
    expect(ends).toHaveLength(8);
    expect((await scene.roster.read()).approvers).toMatchObject([{ failures: 5 }]);
  });

  it('are forgotten by a right one', async () => {
    const scene = await paired();
    await fail(scene, 4);
    expect(await proves(scene.gate, scene.code())).toBe(true);
    expect(await fail(scene, 4)).toBe('That code is not right, or it was used before. Please wait for the next one.');
  });

  it('delay the next try after the fifth, also in a new process, and the page says for how long', async () => {
    const scene = await paired();
    expect(await fail(scene, 5)).toContain('the next one is looked at in 1 minute.');
    const blocked = await scene.again().byCode(about('r'), scene.code());
    expect(blocked).toMatchObject({ proved: false, ends: false, says: expect.stringContaining('for 1 minute.') });
    scene.clock.pass(minute);
    expect(await proves(scene.gate, scene.code())).toBe(true);
  });

  it('delay twice as long each time, an hour at most', async () => {
    const scene = await paired();
    await fail(scene, 5);
    const waits: string[] = [];
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      scene.clock.pass(minutes * minute - 1);
      const early = await scene.gate.byCode(about(`early ${String(minutes)}`), wrong(scene));
      expect(early).toMatchObject({ says: expect.stringContaining('none is looked at for 1 minute.') });
      scene.clock.pass(1);
      waits.push(/in (\d+) minute/.exec(await fail(scene, 1))?.[1] ?? '');
    }
    expect(waits).toEqual(['2', '4', '8', '16', '32', '60', '60', '60']);
  });

  it('during a delay do not make it longer: nobody can lock the owner out for good', async () => {
    const scene = await paired();
    await fail(scene, 5);
    await fail(scene, 50);
    scene.clock.pass(minute);
    expect(await proves(scene.gate, scene.code())).toBe(true);
  });

  it('do not delay for longer than that because the clock was set back', async () => {
    const scene = await paired();
    await fail(scene, 5);
    scene.clock.setWall(-48 * 60 * minute);
    // The step that was used up at pairing is in the future now, so no code can be right; but it is looked at.
    expect(await fail(scene, 1)).toContain('That code is not right');
  });

  it('are on the disk before anybody hears of them', async () => {
    const scene = await paired();
    const stamp = await scene.roster.stamp();
    const answer = scene.gate.byCode(about('r'), wrong(scene));
    expect(await answer).toMatchObject({ proved: false });
    expect(await scene.roster.stamp()).not.toBe(stamp);
    expect((await scene.roster.read()).approvers).toMatchObject([{ failures: 1 }]);
  });
});
