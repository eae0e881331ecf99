import { describe, expect, test } from 'vitest';
import type { Alongside } from '../../src/audit/ledger.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { readAll } from './stored.ts';
import { opened, row, temporaryFile, verified } from './support.ts';

/** Puts one line into the outbox for each append. */
const enqueue: Alongside = (database) => {
  const insert = database.prepare<[number, string]>(
    `INSERT INTO outbox (endpoint, event, seq, body, created_at, next_at, state) VALUES ('e', 'some', ?, ?, 0, 0, 'waiting')`,
  );
  return (rows) => void insert.run(rows.at(-1)?.seq ?? 0, rows.map(({ hash }) => hash).join());
};

describe('what is written alongside', () => {
  test('is committed with the rows, once for each append, and knows their numbers and hashes', async () => {
    const file = temporaryFile();
    const { audit } = opened(file, systemClock, true, { alongside: enqueue });
    const written = await Promise.all([audit.append([row(), row()]), audit.append([row()])]);
    const queued = readAll(file, 'outbox').map(({ seq, body }) => [seq, body]);
    expect(queued).toEqual(written.map((rows) => [rows.at(-1)!.seq, rows.map(({ hash }) => hash).join()]));
  });

  test('undoes the rows when it fails, and the log goes on when it works again', async () => {
    const file = temporaryFile();
    let failing = true;
    const alongside: Alongside = (database) => {
      const insert = enqueue(database);
      return (rows, checkpoint) => {
        insert(rows, checkpoint);
        if (failing) throw new Error('no room');
      };
    };
    const { audit, committed } = opened(file, systemClock, true, { alongside });
    await expect(audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect([readAll(file), readAll(file, 'outbox'), committed]).toEqual([[], [], []]);
    failing = false;
    await expect(audit.append([row()])).resolves.toMatchObject([{ seq: 1 }]);
    expect(verified(file)).toMatchObject({ ok: true, count: 1 });
    expect(readAll(file, 'outbox')).toHaveLength(1);
  });
});
