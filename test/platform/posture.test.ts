import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { posture } from '../../src/platform/posture.ts';
import type { Posture } from '../../src/platform/posture.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-posture-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function look(options: { env?: NodeJS.ProcessEnv; inspectorPort?: number } = {}): Promise<Posture> {
  return posture({ stateFolder: await newFolder(), configFile: null, env: {}, inspectorPort: 1, ...options });
}

/** What an ordinary user finds, in a process of its own: being root cannot be put off and on again as far as access(2) goes. */
function changeable(path: string): boolean {
  const script = `
    const { isChangeable } = await import(${JSON.stringify(new URL('../../src/platform/changeable.ts', import.meta.url).href)});
    if (process.getuid() === 0) {
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
    }
    process.stdout.write(String(await isChangeable(process.argv[1])));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path]);
  if (stdout.length === 0) throw new Error(stderr.toString());
  return stdout.toString() === 'true';
}

describe('the posture', () => {
  it('names the places that count, and says of our own that we can change them', async () => {
    const stateFolder = await newFolder();
    const configFile = join(stateFolder, 'agent-vault.config.json');
    const { places, uid } = await posture({ stateFolder, configFile });
    expect(uid).toBe(process.geteuid?.());
    expect(places.map(({ what }) => what)).toEqual(['state', 'config', 'program', 'program', 'node']);
    expect(places.slice(0, 2)).toMatchObject([
      { path: stateFolder, changeable: true },
      { path: configFile, changeable: true },
    ]);
  });

  it('leaves the config out where there is none', async () => {
    expect((await look()).places.map(({ what }) => what)).not.toContain('config');
  });

  it.runIf(process.platform === 'linux')('tells the user of the process that started us', async () => {
    expect((await look()).starterUid).toBe(process.getuid?.());
  });

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'tells another user that started us, passing over root in between',
    async () => {
      const module = JSON.stringify(new URL('../../src/platform/posture.ts', import.meta.url).href);
      const looks = `
        const { posture } = await import(${module});
        process.setuid(65534);
        process.stdout.write(String((await posture({ stateFolder: '/', configFile: null })).starterUid));`;
      const node = JSON.stringify([process.execPath, '--input-type=module', '-e', looks]);
      // Its child, the shell, stays root's when it becomes another user's itself.
      const starts = `
        import { spawn } from 'node:child_process';
        const shell = spawn('sh', ['-c', 'read go; "$@"; exit', 'sh', ...${node}], { stdio: ['pipe', 'inherit', 'inherit'] });
        process.setuid(Number(process.argv[1]));
        shell.stdin.end('go\\n');`;
      const told = (user: string): string =>
        spawnSync(process.execPath, ['--input-type=module', '-e', starts, user]).stdout.toString();
      expect(told('12345')).toBe('12345');
      expect(told('65534')).toBe('65534');
    },
  );

  it.runIf(process.platform === 'linux')(
    'takes a kernel without Yama for one that lets our memory be read',
    async () => {
      const scope = '/proc/sys/kernel/yama/ptrace_scope';
      const expected = existsSync(scope) ? Number(readFileSync(scope, 'utf8')) : 0;
      expect((await look()).ptraceScope).toBe(expected);
    },
  );

  it.runIf(process.platform === 'linux')('tells how much of us a core file would hold', async () => {
    const { coreLimit, coreHoldsMemory } = await look();
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -S -c']);
    expect(coreLimit === 0).toBe(stdout.toString().trim() === '0');
    expect(coreHoldsMemory).toBe(true);
  });

  it('tells whether someone answers where the ngrok agent shows requests', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await look({ inspectorPort: port })).ngrokInspector).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect((await look({ inspectorPort: port })).ngrokInspector).toBe(false);
  });

  it('names variables that let others in, never what they hold, and no others', async () => {
    const telling = [
      ...['DYLD_INSERT_LIBRARIES', 'HTTPS_PROXY', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'NODE_COMPILE_CACHE'],
      ...['NODE_DEBUG', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE'],
      ...['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_V8_COVERAGE', 'OPENSSL_CONF', 'SSL_CERT_FILE', 'all_proxy'],
    ];
    const others = ['PATH', 'HOME', 'NO_PROXY', 'NODE_ENV', 'NGROK_AUTHTOKEN', 'MY_LD_PRELOAD'];
    const env = Object.fromEntries([...telling, ...others].map((name) => [name, 'canary-value']));
    const { variables } = await look({ env: { ...env, SSL_CERT_DIR: '' } });
    expect(variables.map(({ name }) => name)).toEqual(telling);
    expect(JSON.stringify(variables)).not.toContain('canary-value');
  });
});

describe.runIf(process.platform !== 'win32')('what an ordinary user can change', () => {
  it('is not what belongs to root in folders of root', () => {
    expect(changeable('/usr/bin/env')).toBe(false);
    expect(changeable('/no such thing')).toBe(false);
  });

  it('is what others let everybody write', async () => {
    const folder = await newFolder();
    await chmod(folder, 0o755);
    const file = join(folder, 'main.js');
    await writeFile(file, '');
    await chmod(file, 0o666);
    expect(changeable(file)).toBe(true);
  });

  it('is what lies under a folder that everybody can write, whatever the permissions of the rest', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'dist', 'main.js'), '');
    await chmod(folder, 0o777);
    expect(changeable(join(folder, 'dist', 'main.js'))).toBe(true);
    expect(changeable(join(folder, 'dist', 'missing.js'))).toBe(true);
  });

  it('is a link in such a folder, and what a link leads to', async () => {
    const folder = await newFolder();
    const open = join(folder, 'open');
    const shut = join(folder, 'shut');
    for (const path of [open, shut]) await mkdir(path);
    await chmod(folder, 0o755);
    await symlink('/usr/bin/env', join(open, 'link'));
    await writeFile(join(open, 'main.js'), '');
    await symlink(join(open, 'main.js'), join(shut, 'link'));
    await symlink('/usr/bin/env', join(shut, 'harmless'));
    await chmod(open, 0o777);
    const found = ['open/link', 'shut/link', 'shut/harmless'].map((path) => changeable(join(folder, path)));
    expect(found).toEqual([true, true, process.getuid?.() !== 0]);
  });

  it.runIf(process.getuid?.() === 0)(
    'is nothing of others in a sticky folder, and all of what is its own',
    async () => {
      const folder = await newFolder();
      await writeFile(join(folder, 'main.js'), '');
      await chmod(folder, 0o1777);
      expect(changeable(join(folder, 'main.js'))).toBe(false);
    },
  );
});
