import type { Writer } from '../core/ports.ts';
import { oneLine } from '../core/text.ts';
import { assignmentsIn } from './dotenv-edit.ts';
import { currentEnv, editedBytes, effectOf, refuseUnholdable, writablePath } from './env-file-change.ts';
import type { NamedValue } from './env-file-change.ts';
import { exchangeEnvFile } from './env-file-exchange.ts';
import type { EnvFile } from './env-file-place.ts';
import type { Warnings } from './env-file-warnings.ts';

export function envFileWriter(file: EnvFile, warnings: Warnings): Writer {
  return {
    plan: async (writes) => {
      refuseUnholdable(writes);
      const current = await currentEnv(file, await writablePath(file));
      editedBytes(file, current, writes);
      if (current.before !== null) await warnings.about(current.before.owner);
      warnOfRepeats(file, current.text, writes);
      return writes.map(({ name, value }) => ({ id: name, name, effect: effectOf(name, current), value }));
    },
    write: (writes, call) => exchangeEnvFile(file, writes, call),
  };
}

function warnOfRepeats(file: EnvFile, text: string, writes: readonly NamedValue[]): void {
  const assigned = assignmentsIn(text).map((one) => one.name);
  for (const { name } of writes) {
    const times = assigned.filter((other) => other === name).length;
    if (times > 1)
      file.log.once(
        `${oneLine(name)} is assigned ${times} times in the env file ${file.shown}; only the last counts and is replaced`,
      );
  }
}
