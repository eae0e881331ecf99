import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auditFile } from '../../src/audit/file.ts';
import { createLog } from '../../src/platform/log.ts';
import type { DatabasePlace } from '../../src/store/admission.ts';
import { temporaryFolder } from './support.ts';

function place(configured: string | null, cwd: string): { file: DatabasePlace; lines: string[] } {
  const lines: string[] = [];
  const log = createLog((text) => lines.push(text));
  const file = auditFile({ configured, cwd, log, fallback: () => '/state' });
  auditFile({ configured, cwd, log, fallback: () => '/state' });
  return { file, lines };
}

describe('the place of the audit log', () => {
  test('is what the config says, whatever the working directory', () => {
    expect(place('/elsewhere/log.db', '/nowhere')).toEqual({
      file: { path: '/elsewhere/log.db', followLinks: true },
      lines: [],
    });
  });

  test('is the working directory by default, where no link is followed', () => {
    const cwd = temporaryFolder();
    expect(place(null, cwd)).toEqual({ file: { path: join(cwd, 'agent-vault.db'), followLinks: false }, lines: [] });
  });

  test('is the state folder where the working directory cannot be written, said once', () => {
    const { file, lines } = place(null, unwritable());
    expect(file).toEqual({ path: '/state/agent-vault.db', followLinks: true });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the audit log is /state/agent-vault.db');
  });
});

/** Root may write everywhere but in the kernel's own folders. */
function unwritable(): string {
  if (process.geteuid?.() === 0) return join('/', 'proc', 'no-such-folder');
  const folder = temporaryFolder();
  chmodSync(folder, 0o555);
  return folder;
}
