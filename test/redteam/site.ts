import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SetUp } from './attack.ts';
import type { Account } from './hands.ts';
import { isRoot } from './hands.ts';

const run = promisify(execFile);

const owner = { name: 'av-owner', id: 64_101 };
const agent = { name: 'av-agent', id: 64_102 };

/** A machine with a person's account and, where the set-up separates them, another one for the agent. */
export interface Site {
  readonly setUp: SetUp;
  readonly folder: string;
  /** Under which the broker runs. */
  readonly owner: Account;
  /** Under which the agent and its client run. */
  readonly agent: Account;
  /** The working directory of the broker: config, env file, database. */
  readonly project: string;
  /** The owner's own state directory. */
  readonly state: string;
}

/** Lines for /etc/passwd: the state directory follows the account, so tests need accounts of their own. */
export function passwdLines(folder: string, accounts: 'one' | 'two'): string {
  const line = (name: string, id: number, home: string): string => `${name}:x:${id}:${id}::${home}:/bin/sh\n`;
  const at = (name: string): string => join(folder, name);
  if (accounts === 'one') return line('root', 0, at('owner'));
  return (
    line('root', 0, '/nonexistent') + line(owner.name, owner.id, at('owner')) + line(agent.name, agent.id, at('agent'))
  );
}

export async function openSite(folder: string, setUp: SetUp): Promise<Site> {
  const account = (id: number, name: string): Account => {
    const uid = isRoot ? id : (process.getuid?.() ?? 0);
    return { uid, gid: uid, home: join(folder, name) };
  };
  const [theirs, other] = [account(owner.id, 'owner'), account(agent.id, 'agent')];
  const site: Site = {
    setUp,
    folder,
    owner: theirs,
    agent: setUp === 'separate' ? other : { ...theirs, home: other.home },
    project: join(theirs.home, 'project'),
    state: join(theirs.home, '.agent-vault'),
  };
  await chmod(folder, 0o711);
  for (const { home, uid, gid } of [site.owner, site.agent]) {
    await mkdir(home, { mode: 0o700 });
    await chown(home, uid, gid);
  }
  await makeFolder(site.owner, site.project);
  return site;
}

/** Makes a file that belongs to an account, readable by it alone. */
export async function put(account: Account, path: string, text: string): Promise<void> {
  await giveTo(account, () => writeFile(path, text, { mode: 0o600 }), path);
}

/** Makes a folder that belongs to an account. */
export async function makeFolder(account: Account, path: string): Promise<void> {
  await giveTo(account, () => mkdir(path, { mode: 0o700 }), path);
}

/** Keeps both homes as they are now; what is returned puts them back. */
export async function remember({ folder }: Site): Promise<() => Promise<void>> {
  const homes = ['owner', 'agent'].map((home) => join(folder, home));
  const kept = join(folder, 'kept');
  await mkdir(kept, { mode: 0o700 });
  await run('cp', ['-a', ...homes, kept]);
  return async () => {
    for (const home of homes) await rm(home, { recursive: true, force: true, maxRetries: 5 });
    await run('cp', ['-a', join(kept, 'owner'), join(kept, 'agent'), folder]);
  };
}

async function giveTo({ uid, gid }: Account, make: () => Promise<unknown>, path: string): Promise<void> {
  await make();
  await chown(path, uid, gid);
}
