import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Clock } from '../../src/core/clock.ts';

/** A state folder of its own for the test that asks. */
export async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-approvers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function newRoster(clock: Clock): Promise<Roster> {
  return openRoster(await stateFolder(), clock);
}

/** Where the passkeys of these tests are enrolled. */
export const origin = 'https://vault.example.com';

/** What it was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
}
