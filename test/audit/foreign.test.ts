import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { withDatabase } from './stored.ts';
import { opened, row, temporaryFile, temporaryFolder, verified } from './support.ts';

interface Kept {
  readonly bytes: string;
  readonly mode: number;
}

function kept(file: string): Kept {
  return { bytes: readFileSync(file, 'hex'), mode: statSync(file).mode & 0o777 };
}

/** A file of another program that has the name of our log. */
const foreign: Record<string, { make: (file: string) => void; saying: RegExp }> = {
  'a link that came with a repository': {
    make: (file) => {
      const target = join(temporaryFolder(), 'script.sh');
      writeFileSync(target, '#!/bin/sh\necho hi\n');
      chmodSync(target, 0o755);
      symlinkSync(target, file);
    },
    saying:
      /cannot be written: it is a symbolic link, which is not followed there; it was left as it is\n.*hint: set audit\.file/u,
  },
  'a database of another program': {
    make: (file) => {
      withDatabase(file, (database) =>
        database.exec(`CREATE TABLE audit (a, b); INSERT INTO audit VALUES (1, 'theirs')`),
      );
      chmodSync(file, 0o664);
    },
    saying: /cannot be written: it is a database of another program; it was left as it is\n.*hint: set audit\.file/u,
  },
  'a script': {
    make: (file) => {
      writeFileSync(file, '#!/bin/sh\necho hi\n');
      chmodSync(file, 0o755);
    },
    saying: /cannot be written: file is not a database \(SQLITE_NOTADB\)\n.*hint: set audit\.file/u,
  },
};

describe('a file that is not ours', () => {
  for (const [name, { make, saying }] of Object.entries(foreign)) {
    test(`because it is ${name} stays as it is; the log says what to do, and begins when that is done`, async () => {
      const file = temporaryFile();
      make(file);
      const before = kept(file);
      const { audit, lines } = opened(file, systemClock, false);
      for (let time = 0; time < 2; time += 1)
        await expect(audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
      expect(kept(file)).toEqual(before);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(saying);
      expect(lines[0]).toContain(dirname(file));
      rmSync(file);
      await expect(audit.append([row()])).resolves.toHaveLength(1);
      expect(verified(file)).toMatchObject({ ok: true, count: 1 });
    });
  }
});
