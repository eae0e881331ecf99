/** Does what the agent wants done, in a process of the agent's own account: what that account may not do fails here. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import type { Deed, DeedReply, Ran } from './hands.ts';

process.on('message', (deed: Deed) => {
  void answer(deed).then((reply) => process.send?.(reply));
});

async function answer({ id, ...deed }: Deed): Promise<DeedReply> {
  try {
    return { id, result: await done(deed as Deed) };
  } catch (thrown) {
    const { code = 'failed', message } = thrown as NodeJS.ErrnoException;
    return { id, code, message };
  }
}

async function done(deed: Deed): Promise<unknown> {
  switch (deed.act) {
    case 'read':
      return readFile(deed.path, 'utf8');
    case 'write':
      return writeFile(deed.path, deed.text);
    case 'remove':
      return rm(deed.path, { recursive: true });
    case 'rename':
      return rename(deed.path, deed.to);
    case 'symlink':
      return symlink(deed.to, deed.path);
    case 'mkdir':
      return mkdir(deed.path, { recursive: true, mode: 0o700 });
    case 'list':
      return (await readdir(deed.path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`);
    case 'signal':
      return process.kill(deed.pid, deed.signal);
    case 'run':
      return ran(deed);
  }
}

function ran({ command, args, env, cwd, timeoutMs }: Extract<Deed, { act: 'run' }>): Promise<Ran> {
  const options = {
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    maxBuffer: 64 * 2 ** 20,
    killSignal: 'SIGKILL',
  };
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { ...options, ...(cwd === null ? {} : { cwd }) } as object,
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (child.exitCode ?? -1), stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}
