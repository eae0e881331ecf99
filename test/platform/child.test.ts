import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { childFlags, openChild } from '../../src/platform/child.ts';
import type { Child } from '../../src/platform/child.ts';
import { TestClock } from '../support/clock.ts';

const opened: Child[] = [];
afterEach(async () => {
  for (const child of opened.splice(0)) await child.close();
});

function open(env: Record<string, string> = {}): { readonly child: Child; readonly clock: TestClock } {
  const clock = new TestClock();
  const child = openChild({
    entry: new URL('./fixtures/child.ts', import.meta.url),
    env,
    greeting: () => ({ token: 'canary-greeting' }),
    answerMs: 20_000,
    idleMs: 60_000,
    clock,
  });
  opened.push(child);
  return { child, clock };
}

async function pidOf(child: Child): Promise<number> {
  const answer = await child.ask('surroundings');
  return (answer as { pid: number }).pid;
}

/** Waits for its end; the test's own time limit ends a wait in vain. */
async function gone(pid: number): Promise<boolean> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await setTimeout(10);
  }
}

describe('a child process', { timeout: 20_000 }, () => {
  it('gives each of several questions its own answer', async () => {
    const { child } = open();
    expect(await Promise.all(['a', { b: ['ü'] }, 'c'].map((question) => child.ask(question)))).toEqual([
      'a',
      { b: ['ü'] },
      'c',
    ]);
  });

  it('gets the greeting over its channel, and neither in its environment nor in its arguments', async () => {
    const { child } = open({ LANG: 'C.UTF-8' });
    expect(await child.ask('greeting')).toEqual({ token: 'canary-greeting' });
    const surroundings = await child.ask('surroundings');
    expect(surroundings).toMatchObject({ argv: [], execArgv: childFlags(), env: { LANG: 'C.UTF-8' } });
    expect(JSON.stringify(surroundings)).not.toContain('canary-greeting');
  });

  it('has only the environment that it was given', async () => {
    process.env['AGENT_VAULT_TEST_CANARY'] = 'canary-inherited';
    try {
      const answer = await open().child.ask('surroundings');
      expect(JSON.stringify(answer)).not.toContain('canary-inherited');
    } finally {
      delete process.env['AGENT_VAULT_TEST_CANARY'];
    }
  });

  it.each(['exit', 'trap'])(
    'fails every waiting question when it crashes (%s), and starts anew for the next',
    async (how) => {
      const { child } = open();
      const outcomes = await Promise.allSettled([child.ask('never'), child.ask(how)]);
      expect(outcomes).toMatchObject([
        { status: 'rejected', reason: { name: 'ChildError', end: 'crashed' } },
        { status: 'rejected', reason: { name: 'ChildError', end: 'crashed' } },
      ]);
      expect(await child.ask('again')).toBe('again');
    },
  );

  it('keeps what foreign code threw out of the error', async () => {
    const error = await open().child.ask('trap').catch(String);
    expect(error).toMatch(/^ChildError: the child process ended/);
    expect(error).not.toContain('foreign code');
  });

  it.each(['never', 'spin'])(
    'is killed when it does not answer in time (%s), and starts anew for the next',
    async (how) => {
      const { child, clock } = open();
      const pid = await pidOf(child);
      const answer = child.ask(how).catch((error: unknown) => error);
      clock.pass(19_999);
      await setTimeout(0);
      process.kill(pid, 0);
      clock.pass(1);
      expect(await answer).toMatchObject({ name: 'ChildError', end: 'hung' });
      expect(await gone(pid)).toBe(true);
      expect(await child.ask('again')).toBe('again');
    },
  );

  it('lets other questions have their answers after one of them hung, and is then killed', async () => {
    const { child, clock } = open();
    const pid = await pidOf(child);
    const hung = child.ask('never').catch((error: unknown) => error);
    clock.pass(19_999);
    const slow = child.ask('slow');
    clock.pass(1);
    expect(await hung).toMatchObject({ end: 'hung' });
    expect(await pidOf(child)).not.toBe(pid);
    expect(await slow).toBe('at last');
    expect(await gone(pid)).toBe(true);
    expect(await child.ask('again')).toBe('again');
  });

  it('is killed with the others when it is closed while it hangs', async () => {
    const { child, clock } = open();
    const pids = [await pidOf(child)];
    const outcomes = [child.ask('never').catch((error: unknown) => error)];
    clock.pass(10_000);
    outcomes.push(child.ask('never').catch((error: unknown) => error));
    clock.pass(10_000);
    pids.push(await pidOf(child));
    await child.close();
    expect(await Promise.all(outcomes)).toMatchObject([{ end: 'hung' }, { end: 'closed' }]);
    expect(new Set(pids).size).toBe(2);
    expect(await Promise.all(pids.map(gone))).toEqual([true, true]);
  });

  it('ends when it was not asked for a while, and starts anew for the next question', async () => {
    const { child, clock } = open();
    const pid = await pidOf(child);
    clock.pass(59_999);
    expect(await pidOf(child)).toBe(pid);
    clock.pass(60_000);
    expect(await gone(pid)).toBe(true);
    expect(await child.ask('again')).toBe('again');
  });

  it('leaves no process and answers nothing once it is closed', async () => {
    const { child, clock } = open();
    const pid = await pidOf(child);
    const waiting = child.ask('never').catch((error: unknown) => error);
    await child.close();
    await child.close();
    expect(await waiting).toMatchObject({ end: 'closed' });
    await expect(child.ask('again')).rejects.toMatchObject({ end: 'closed' });
    expect(await gone(pid)).toBe(true);
    expect(clock.timers).toBe(0);
  });
});

describe('a process with a child', { timeout: 20_000 }, () => {
  const parents: ChildProcess[] = [];
  afterEach(() => {
    for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  });

  async function start(...args: string[]): Promise<{ parent: ChildProcess; pid: number; printed: () => string }> {
    const file = fileURLToPath(new URL('./fixtures/grandparent.ts', import.meta.url));
    const parent = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    parents.push(parent);
    let printed = '';
    parent.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    let said = '';
    for await (const chunk of parent.stderr) {
      said += String(chunk);
      if (said.includes('\n')) break;
    }
    return { parent, pid: (JSON.parse(said) as { pid: number }).pid, printed: () => printed };
  }

  it('prints nothing that the child prints, and can end while the child is idle', async () => {
    const { parent, pid, printed } = await start();
    if (parent.exitCode === null) await once(parent, 'exit');
    expect(parent.exitCode).toBe(0);
    expect(printed()).toBe('');
    expect(await gone(pid)).toBe(true);
  });

  it('takes the child with it when it is killed, even in the middle of an answer', async () => {
    const { parent, pid } = await start('stay');
    parent.kill('SIGKILL');
    expect(await gone(pid)).toBe(true);
  });

  it('decides alone when the child ends: a signal to the child does nothing, and opens no debugger', async () => {
    const { child } = open();
    const pid = await pidOf(child);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.kill(pid, signal);
    expect(await pidOf(child)).toBe(pid);
    expect(await child.ask('debugger')).toBe('closed');
  });

  it('starts it so that no signal opens a debugger in its first moments either: it is killed, or deaf', async () => {
    const file = fileURLToPath(new URL('./fixtures/child.ts', import.meta.url));
    const moments = Array.from({ length: 12 }, (_, at) => at * 5);
    const states: unknown[] = [];
    for (const moment of moments) {
      const child = fork(file, [], { execArgv: [...childFlags()], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      child.send({ greeting: 'hello' }, () => undefined);
      await setTimeout(moment);
      child.kill('SIGUSR1');
      child.send({ id: 1, question: 'debugger' }, () => undefined);
      states.push(await Promise.race([once(child, 'message'), once(child, 'exit')]));
      child.kill('SIGKILL');
    }
    const harmless = [
      [null, 'SIGUSR1'],
      [{ id: 1, answer: 'closed' }, undefined],
    ];
    expect(states.filter((state) => !harmless.some((one) => isDeepStrictEqual(state, one)))).toEqual([]);
  });
});
