import { expect } from 'vitest';
import { Pty } from './pty.ts';
import type { TestVault } from './vault.ts';

const link = /(https:\/\/\S+\/pair#[\w-]{22})\n/u;

/** What the person does with a link of `agent-vault pair`, on the phone. */
type Tap = (url: string) => Promise<void>;

/** Runs `agent-vault pair` in a terminal, in front of somebody who says yes to the fingerprint. */
export function pairAtTerminal(vault: TestVault, name: string, tapAt: Tap): Promise<void> {
  return atTerminal(vault, ['--name', name], async (terminal) => {
    await tapAt(await terminal.shows(link));
    await terminal.shows(/Its fingerprint is/u);
    terminal.type('y');
    await terminal.shows(/Paired:/u);
  });
}

/** The same for `--remove`, which the one on the phone allows. */
export function removeAtTerminal(vault: TestVault, name: string, tapAt: Tap): Promise<void> {
  return atTerminal(vault, ['--remove', name], async (terminal) => {
    await tapAt(await terminal.shows(link));
    await terminal.shows(/may not approve any more/u);
  });
}

/** The same for `--reset`. */
export function resetAtTerminal(vault: TestVault): Promise<void> {
  return atTerminal(vault, ['--reset'], async (terminal) => {
    await terminal.shows(/Type "reset"/u);
    terminal.type('reset');
  });
}

async function atTerminal(
  { folder, env }: TestVault,
  args: readonly string[],
  run: (terminal: Pty) => Promise<void>,
): Promise<void> {
  const terminal = new Pty(['pair', ...args], { cwd: folder, env });
  try {
    await run(terminal);
    expect(await terminal.ended).toBe(0);
  } finally {
    await terminal.close();
  }
}
