import { isoTime } from '../../core/clock.ts';
import { VaultError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import type { Evidence } from '../../evidence/app.ts';
import { put } from '../output.ts';
import { openTerminal } from '../terminal.ts';

/** Removes the oldest rows, after asking unless `isSure`. Gives the exit code. @param before wall clock, milliseconds */
export async function pruneRows(evidence: Evidence, before: number, isSure: boolean): Promise<number> {
  const rows = await evidence.prunable(before);
  const what = `${counted(rows, 'row')} from before ${isoTime(before)} in ${oneLine(evidence.file)}`;
  if (!isSure && rows > 0 && !(await isConfirmed(what))) return 1;
  const removed = await evidence.prune(before);
  await put(`removed: ${counted(removed.rows, 'row')}, ${counted(removed.decisions, 'decision')}\n`);
  return 0;
}

async function isConfirmed(what: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new VaultError('input_invalid', `this would remove ${what}, and nobody is here to ask`, {
      hint: 'or: --yes',
    });
  const terminal = openTerminal();
  try {
    terminal.say(`This removes ${what}. To keep a copy first: agent-vault audit export`);
    return /^y(es)?$/iu.test(await terminal.ask('Remove them? (yes/no) '));
  } finally {
    terminal.close();
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
