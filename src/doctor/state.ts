import { statSync } from 'node:fs';
import type { Finding } from './finding.ts';
import { ok, problem } from './finding.ts';

const check = 'state';

/** The folder for what belongs to the user. @param folder need not exist */
export function checkState(folder: string): Finding {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return ok(check, `${folder} does not exist yet`);
  if (!found.isDirectory()) return problem(check, `${folder} is not a folder`, `move it away`);
  const own = process.geteuid?.();
  if (own === undefined) return ok(check, folder);
  if (found.uid !== own) return problem(check, `${folder} belongs to user ${found.uid}`, `chown it to user ${own}`);
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  if ((found.mode & 0o022) !== 0)
    return problem(check, `others can write ${folder} (mode ${mode})`, `chmod 700 ${folder}`);
  return ok(check, `${folder}, mode ${mode}`);
}
