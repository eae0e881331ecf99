import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Checkpoint } from '../../src/audit/checkpoint.ts';
import { noteHash, parseStatement } from '../../src/audit/checkpoint.ts';
import { auditPublicKey } from '../../src/audit/key.ts';
import type { Alongside } from '../../src/audit/ledger.ts';
import { openNote, parseNoteKey } from '../../src/audit/note.ts';
import { TestClock } from '../support/clock.ts';
import { forced, readAll } from './stored.ts';
import type { Opened } from './support.ts';
import { Appender, opened, row, temporaryFile, verified } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

let file = '';
let stateFolder = '';
let anchor = '';
let clock: TestClock;
beforeEach(() => {
  file = temporaryFile();
  stateFolder = mkdtempSync(join(dirname(file), 'state-'));
  anchor = join(dirname(file), 'anchors.txt');
  clock = new TestClock();
});

function openWith(more: { alongside?: Alongside } = {}): Opened {
  return opened(file, clock, true, { checkpoints: { stateFolder, anchor }, ...more });
}

function stored(): Checkpoint[] {
  return readAll(file, 'checkpoints') as unknown as Checkpoint[];
}

async function append(log: Opened, count: number): Promise<void> {
  for (let time = 0; time < count; time += 1) await log.audit.append([row()]);
}

/** The key is found beside the appends. */
async function withKey(log: Opened): Promise<Opened> {
  await append(log, 1);
  await vi.waitFor(() => statSync(join(stateFolder, 'audit.key')));
  await sleep(20);
  return log;
}

describe('a checkpoint', () => {
  test('says in a signed note how long the log is and how it ends', async () => {
    const log = openWith();
    await append(log, 3);
    await log.audit.close();
    const [only, ...more] = stored();
    const head = String(readAll(file)[2]!['hash']);
    expect([only, more]).toMatchObject([{ size: 3, head, timestamp: new Date(clock.wall()).toISOString() }, []]);
    const vkey = await auditPublicKey(stateFolder);
    const note = openNote(only!.note, [parseNoteKey(vkey!)!]);
    const origin = `agent-vault/audit/${String(readAll(file)[0]!['hash']).slice(0, 16)}`;
    expect(note.kind === 'signed' && parseStatement(note.text)).toEqual({
      origin,
      size: 3,
      head,
      timestamp: only!.timestamp,
      previous: null,
      pruned: false,
    });
    expect(only!.note.split('\n').slice(0, 3)).toEqual([origin, '3', Buffer.from(head, 'hex').toString('base64')]);
  });

  test('names the one before it, also across runs', async () => {
    for (let run = 0; run < 3; run += 1) {
      const log = openWith();
      await append(log, 2);
      await log.audit.close();
    }
    const notes = stored().map(({ note }) => note);
    const said = notes.map((note) => /^previous (.*)$/mu.exec(note)?.[1]);
    expect([stored().map(({ size }) => size), said]).toEqual([
      [2, 4, 6],
      [undefined, ...notes.slice(0, 2).map(noteHash)],
    ]);
  });

  test('is made with the 256th row that none covers, in the same transaction', async () => {
    const log = await withKey(openWith());
    await append(log, 254);
    expect(stored()).toEqual([]);
    await log.audit.append([row(), row()]);
    expect(stored().map(({ size }) => size)).toEqual([257]);
    await append(log, 255);
    expect(stored()).toHaveLength(1);
    await append(log, 1);
    expect(stored().map(({ size }) => size)).toEqual([257, 513]);
  });

  test('is made a minute after the first row that none covers, once', async () => {
    const log = await withKey(openWith());
    clock.pass(59_999);
    await append(log, 1);
    await sleep(20);
    expect(stored()).toEqual([]);
    clock.pass(1);
    await vi.waitFor(() => expect(stored().map(({ size }) => size)).toEqual([2]));
    clock.pass(300_000);
    await sleep(20);
    expect(stored()).toHaveLength(1);
    await append(log, 1);
    clock.pass(60_000);
    await vi.waitFor(() => expect(stored().map(({ size }) => size)).toEqual([2, 3]));
  });

  test('is made at the next end over what a killed process has left without one', async () => {
    const appender = await Appender.start(file);
    appender.tell('append 5');
    for (let said = 0; said < 5; said += 1) await appender.line();
    await appender.kill();
    const log = openWith();
    await append(log, 1);
    await log.audit.close();
    expect(stored().map(({ size }) => size)).toEqual([6]);
  });

  test('is passed on in its transaction, and undone with what fails there; the rows stay', async () => {
    const seen: (Checkpoint | null)[] = [];
    let failing = true;
    const alongside: Alongside = () => (rows, checkpoint) => {
      if (checkpoint !== null && failing) throw new Error('no room');
      seen.push(checkpoint);
      expect(rows.length).toBe(checkpoint === null ? 1 : 0);
    };
    const log = await withKey(openWith({ alongside }));
    await append(log, 255);
    expect([stored(), verified(file)]).toMatchObject([[], { ok: true, count: 256 }]);
    expect(log.lines.join('')).toContain('no checkpoint of the audit log can be made');
    failing = false;
    await append(log, 1);
    expect(seen.at(-1)).toEqual(stored()[0]);
    expect(stored()).toMatchObject([{ size: 257 }]);
  });

  test('is not made of a log that contradicts the last one', async () => {
    const log = openWith();
    await append(log, 3);
    await log.audit.close();
    forced(file, 'DELETE FROM audit WHERE id = 3');
    const next = openWith();
    await next.audit.append([row({ reason: 'another' }), row()]);
    await next.audit.close();
    expect(stored()).toHaveLength(1);
    expect(next.lines.join('')).toMatch(
      /the audit log is not what its last checkpoint says\n.*agent-vault audit verify/u,
    );
  });
});

describe('the key of the checkpoints', () => {
  test('is made on first use, for its owner alone, and stays', async () => {
    expect(await auditPublicKey(stateFolder)).toBe(null);
    await (await withKey(openWith())).audit.close();
    const key = await auditPublicKey(stateFolder);
    expect([key, statSync(join(stateFolder, 'audit.key')).mode & 0o777]).toEqual([
      expect.stringMatching(/^agent-vault\/audit\+[0-9a-f]{8}\+A/u),
      0o600,
    ]);
    const log = openWith();
    await append(log, 1);
    await log.audit.close();
    expect(await auditPublicKey(stateFolder)).toBe(key);
  });

  test('is not touched before the first row', async () => {
    await openWith().audit.close();
    expect([existsSync(join(stateFolder, 'audit.key')), existsSync(file)]).toEqual([false, false]);
  });

  test('stops no row where it cannot be used; that is said once, and checkpoints begin when it can', async () => {
    writeFileSync(join(stateFolder, 'audit.key'), 'damaged');
    const log = openWith();
    await append(log, 300);
    await vi.waitFor(() => expect(log.lines).toHaveLength(1));
    expect(log.lines[0]).toMatch(
      /no checkpoint .*: the state file audit\.key does not hold what Agent Vault writes there/u,
    );
    expect([stored(), readAll(file).length]).toEqual([[], 300]);
    rmSync(join(stateFolder, 'audit.key'));
    clock.pass(60_000);
    await vi.waitFor(() => expect(stored()).toMatchObject([{ size: 300 }]));
    expect(log.lines).toHaveLength(1);
  });
});

describe('the file of anchors', () => {
  test('gets each note, whole, after what is in it', async () => {
    writeFileSync(anchor, 'kept');
    for (let run = 0; run < 2; run += 1) {
      const log = openWith();
      await append(log, 1);
      await log.audit.close();
    }
    const notes = stored().map(({ note }) => `\n${note}`);
    expect(readFileSync(anchor, 'utf8')).toBe(`kept${notes.join('')}`);
  });

  test('stops nothing where it cannot be written; that is said once, and made up for with the next note', async () => {
    mkdirSync(anchor);
    const log = await withKey(openWith());
    clock.pass(60_000);
    await vi.waitFor(() => expect(log.lines).toHaveLength(1));
    expect(log.lines[0]).toMatch(
      /checkpoints cannot be appended to .*anchors\.txt; each is tried again with the next/u,
    );
    rmSync(anchor, { recursive: true });
    await append(log, 1);
    await log.audit.close();
    expect(readFileSync(anchor, 'utf8')).toBe(
      stored()
        .map(({ note }) => `\n${note}`)
        .join(''),
    );
    expect(stored()).toHaveLength(2);
    expect(log.lines).toHaveLength(1);
    expect(statSync(anchor).mode & 0o777).toBe(0o600);
  });
});

describe('several processes', () => {
  test('make one row of checkpoints together: each once, each naming the one before it', async () => {
    const appenders = await Promise.all([1, 2, 3].map(() => Appender.start(file, { stateFolder })));
    for (const appender of appenders) appender.tell('append 300');
    await Promise.all(
      appenders.map(async (appender) => {
        for (let said = 0; said < 300; said += 1) await appender.line();
      }),
    );
    await Promise.all(appenders.map((appender) => appender.end()));
    const all = stored();
    const key = parseNoteKey((await auditPublicKey(stateFolder))!)!;
    const texts = all.map(({ note }) => openNote(note, [key]));
    expect(texts.every(({ kind }) => kind === 'signed')).toBe(true);
    const statements = texts.map((note) => (note.kind === 'bad' ? null : parseStatement(note.text)));
    expect(statements.map((each) => each?.previous)).toEqual([
      null,
      ...all.slice(0, -1).map(({ note }) => noteHash(note)),
    ]);
    const hashes = readAll(file).map(({ hash }) => hash);
    expect(statements.map((each) => each?.head)).toEqual(all.map(({ size }) => hashes[size - 1]));
    expect([all.at(-1)!.size, verified(file)]).toMatchObject([900, { ok: true, count: 900 }]);
  });
});
