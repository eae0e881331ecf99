import { describe, expect, it } from 'vitest';
import { checkPosture, isApart } from '../../src/doctor/posture.ts';
import type { Posture } from '../../src/platform/posture.ts';

const sound: Posture = {
  uid: 1000,
  starterUid: 1000,
  places: [{ what: 'state', path: '/home/anna/.agent-vault', changeable: true }],
  ptraceScope: 1,
  coreLimit: 0,
  coreHoldsMemory: false,
  variables: [],
  ngrokInspector: false,
};
const linesOf = (changes: Partial<Posture>): string[] =>
  checkPosture({ ...sound, ...changes }).map(({ level, check, says }) => `${level} ${check}: ${says}`);

describe('the place in which we run', () => {
  it.each([
    ['started by the same user', {}, false],
    ['started by another user', { starterUid: 1001 }, true],
    ['it cannot be told who started us', { starterUid: null }, false],
    ['root, who is no boundary', { uid: 0, starterUid: 1001 }, false],
    ['a system without users', { uid: null, starterUid: null }, false],
  ] as [string, Partial<Posture>, boolean][])('is apart from the agent or not: %s', (_what, changes, apart) => {
    expect(isApart({ ...sound, ...changes })).toBe(apart);
  });

  it('gives our files away to whoever runs as the same user', () => {
    expect(linesOf({})).toEqual([
      'note files: this user, and so an agent that runs as it, can change the state folder /home/anna/.agent-vault',
      'ok environment: no variable lets others into this process',
    ]);
    expect(linesOf({ starterUid: 1001 })[0]).toMatch(/^ok files: /u);
  });

  it.each([
    ['memory that any process of the user can read', { ptraceScope: 0 }, /^note memory: .*ptrace_scope/u],
    ['core files', { coreLimit: Infinity, coreHoldsMemory: true }, /^note memory: .*core file/u],
    [
      'a telling variable',
      { variables: [{ name: 'LD_PRELOAD', does: 'does it' }] },
      /^note environment: LD_PRELOAD is set: it does it$/u,
    ],
    ['somebody on port 4040', { ngrokInspector: true }, /^note port 4040: /u],
  ] as [string, Partial<Posture>, RegExp][])('is said to have %s', (_what, changes, line) => {
    expect(linesOf({})).not.toEqual(expect.arrayContaining([expect.stringMatching(line)]));
    expect(linesOf(changes)).toEqual(expect.arrayContaining([expect.stringMatching(line)]));
  });
});
