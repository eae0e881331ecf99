import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canary, mainFile, tap, TestVault } from '../support/vault.ts';

const run = promisify(execFile);
let vault: TestVault;

beforeEach(async () => {
  vault = await TestVault.open();
});

afterEach(() => vault.close());

/** The server as a bare process, spoken to in JSON lines. */
function serve(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [mainFile], { cwd: vault.folder, env: { ...vault.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const initialize = async (): Promise<void> => {
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    });
    await expect.poll(() => stdout).toContain('"id":1');
    send({ method: 'notifications/initialized' });
  };
  const ask = (id = 2): void =>
    send({
      id,
      method: 'tools/call',
      params: { name: 'get_secret', arguments: { vault: 'local', name: 'API_KEY', reason: 'x' } },
    });
  const link = async (): Promise<string> => {
    await expect.poll(() => stderr, { timeout: 5_000 }).toContain('/approve/');
    return /https?:\S+\/approve\/\S+/u.exec(stderr)?.[0] ?? '';
  };
  return { child, send, initialize, ask, link, stdout: () => stdout, stderr: () => stderr };
}

describe('the process', () => {
  it.each(['end of stdin', 'SIGINT', 'SIGTERM'] as const)(
    'ends cleanly within 2 seconds at %s, with a request open',
    async (how) => {
      const server = serve();
      await server.initialize();
      server.ask();
      const link = await server.link();
      const ended = once(server.child, 'exit');
      const started = Date.now();
      if (how === 'end of stdin') server.child.stdin.end();
      else server.child.kill(how);
      const [code] = await ended;
      expect(code).toBe(0);
      expect(Date.now() - started).toBeLessThan(2_000);
      expect(vault.actions()).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
      await expect(fetch(link)).rejects.toThrow();
    },
  );

  it.each([0, 20, 100])('writes down what it withdraws also when a second signal comes after %i ms', async (ms) => {
    const server = serve();
    await server.initialize();
    server.ask();
    await server.link();
    const ended = once(server.child, 'exit');
    server.child.kill('SIGINT');
    await setTimeout(ms);
    server.child.kill('SIGINT');
    const [code] = await ended;
    expect(code).toBe(0);
    expect(vault.actions()).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
  });

  it('says that it heard what is no message of MCP', async () => {
    const server = serve();
    await server.initialize();
    const params = { name: 'list_secrets', arguments: {}, _meta: { progressToken: {} } };
    server.send({ id: 2, method: 'tools/call', params });
    await expect.poll(server.stderr).toContain('not a message of MCP');
    server.send({ id: 3, method: 'tools/call', params: { name: 'list_secrets', arguments: {} } });
    await expect.poll(server.stdout).toContain('API_KEY');
    server.child.stdin.end();
    await once(server.child, 'exit');
  });

  it('ends within 2 seconds when its client reads neither stdout nor stderr', async () => {
    const server = serve();
    await server.initialize();
    server.child.stdout.pause();
    server.child.stderr.pause();
    for (let id = 2; id < 800; id += 1)
      server.send({ id, method: 'tools/call', params: { name: 'list_secrets', arguments: {} } });
    for (let id = 800; id < 1_000; id += 1) {
      const unknown = { vault: 'x'.repeat(200), name: `N${id}`, reason: 'x' };
      server.send({ id, method: 'tools/call', params: { name: 'get_secret', arguments: unknown } });
    }
    await setTimeout(1_000);
    const ended = once(server.child, 'exit');
    const started = Date.now();
    server.child.stdin.end();
    const [code] = await ended;
    expect(code).toBe(0);
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it('hears a batch of 200 values of 64 KiB, and ends when a message is longer than it can be', async () => {
    const client = await vault.connect();
    const secrets = Array.from({ length: 200 }, (_, at) => ({ name: `N${at}`, value: 'x'.repeat(64 * 1024) }));
    const { status, text } = await client.call('set_secrets', { vault: 'local', secrets, reason: 'x' });
    expect([status, text]).toEqual(['failed', expect.stringContaining('4 MiB')]);
    expect((await client.call('list_secrets', {})).text).toContain('API_KEY');
    await client.close();

    const server = serve();
    await server.initialize();
    server.ask();
    const link = await server.link();
    server.child.stdin.on('error', () => undefined);
    server.child.stdin.write(`"${'x'.repeat(97 * 1024 * 1024)}`);
    await once(server.child, 'exit');
    expect(server.stderr()).toContain('more than 96 MiB');
    await expect(fetch(link)).rejects.toThrow();
    expect(vault.actions().slice(-2)).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
  });

  it('answers what it can when stdin ends right after the question', async () => {
    const server = serve();
    await server.initialize();
    server.send({ id: 2, method: 'tools/call', params: { name: 'list_secrets', arguments: {} } });
    server.child.stdin.end();
    await once(server.child, 'close');
    expect(server.stdout()).toContain('- API_KEY');
  });

  it('opens no port, database or tunnel before a call needs them', async () => {
    const server = serve();
    await server.initialize();
    server.send({ id: 2, method: 'tools/call', params: { name: 'list_secrets', arguments: {} } });
    await expect.poll(server.stdout).toContain('API_KEY');
    expect(() => vault.rows()).toThrow();
    expect(server.stderr()).toBe('');
    server.child.stdin.end();
    await once(server.child, 'exit');
  });

  it('speaks nothing but JSON-RPC on stdout, whatever libraries print', async () => {
    const server = serve({ DOTENV_DEBUG: '1', DOTENV_CONFIG_DEBUG: 'true', NODE_DEBUG: 'http' });
    await server.initialize();
    server.ask();
    await tap(await server.link());
    await expect.poll(server.stdout).toContain(canary);
    server.child.stdin.end();
    await once(server.child, 'exit');
    const lines = server.stdout().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { jsonrpc: string }).jsonrpc)).toEqual(lines.map(() => '2.0'));
  });

  it('killed while somebody is asked leaves a log that opens, and opens nothing afterwards', async () => {
    const server = serve();
    await server.initialize();
    server.ask();
    await server.link();
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    expect(vault.actions()).toEqual(['requested API_KEY']);
    const client = await vault.connect();
    const answer = client.get();
    await tap(await client.link(), 'deny');
    expect((await answer).status).toBe('denied');
    await client.close();
  });

  it('loses its client while it waits, and withdraws', async () => {
    const server = serve();
    await server.initialize();
    server.ask();
    await server.link();
    server.child.stdout.destroy();
    server.child.stdin.destroy();
    await once(server.child, 'exit');
    expect(vault.actions()).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
  });

  it('is not opened by a row that somebody inserts into the log', async () => {
    await vault.close();
    vault = await TestVault.open({ config: { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 60 } } } });
    const client = await vault.connect();
    const first = client.get();
    await tap(await client.link());
    await first;
    const columns =
      'timestamp, secret_name, reason, action, scope, ttl_expires_at, vault, operation, request_id, session, agent, approver, factor, detail, prev_hash, hash';
    const copy = `INSERT INTO audit (id, ${columns}) SELECT id + 100, ${columns.replace('secret_name', "'OTHER'")} FROM audit WHERE action = 'approved'`;
    await run('sqlite3', [vault.database, copy]);
    await run('sqlite3', [vault.database, copy.replace('+ 100', '+ 200').replace("'OTHER'", "'API_KEY'")]);
    const other = client.get('OTHER');
    await tap(await client.link(2), 'deny');
    expect((await other).status).toBe('denied');
    await client.close();
  });
});

describe('two servers on one database', () => {
  it('both work, and the log has no gap', async () => {
    const clients = await Promise.all([vault.connect(), vault.connect({ name: 'second' })]);
    const answers = clients.map((client) => client.get());
    for (const client of clients) await tap(await client.link());
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual([canary, canary]);
    expect(vault.rows().map((row) => row['id'])).toEqual([1, 2, 3, 4, 5, 6]);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('the second takes the next port when the first has the configured one, and says so once', async () => {
    await vault.close();
    const probe = (await import('node:net')).createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    vault = await TestVault.open({ config: { port } });
    const client = await vault.connect();
    const answer = client.get();
    const link = await client.link();
    expect(Number(new URL(link).port)).toBeGreaterThan(port);
    expect(client.stderr.match(/is taken/gu)).toHaveLength(1);
    await tap(link);
    expect((await answer).text).toBe(canary);
    await client.close();
    probe.close();
  });
});

describe('the command line', () => {
  const agentVault = (...args: string[]) =>
    run(process.execPath, [mainFile, ...args], { cwd: vault.folder, env: vault.env });

  it('says its version and its usage', async () => {
    expect((await agentVault('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
    expect((await agentVault('--help')).stdout).toContain('claude mcp add agent-vault');
  });

  it.each([
    [['frobnicate']],
    [['--frobnicate']],
    [['--keep', 'x']],
    [['demo', 'extra']],
    [['constructor']],
    [['toString', '--auto']],
  ])('refuses %j in two plain lines', async (args) => {
    const failed = agentVault(...args).catch((error: unknown) => error as { code: number; stderr: string });
    const { code, stderr } = (await failed) as { code: number; stderr: string };
    expect(code).toBe(2);
    expect(stderr).toMatch(/^agent-vault: error: [^\n]+\nagent-vault: hint: agent-vault --help\n$/u);
  });

  it('tells a broken config in one line with file and key, and exits with 1', async () => {
    await vault.close();
    vault = await TestVault.open({ config: { poort: 1 }, approved: false });
    const failed = (await agentVault().catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /^agent-vault: error: [^\n]*agent-vault\.config\.json[^\n]*poort[^\n]*\nagent-vault: hint: [^\n]*port/u,
    );
    expect(failed.stderr).not.toContain('    at ');
  });

  it.each(['20.20.2', '22.13.1'])('says what it needs on Node %s, which is too old', async (version) => {
    const old = `Object.defineProperty(process.versions, 'node', { value: '${version}' }); Object.defineProperty(process.versions, 'napi', { value: '9' }); import('${mainFile}');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', old]);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(stderr).toContain(`needs Node 22.14 or newer; this is Node ${version}`);
  });

  it('never writes the demo over files that are there', async () => {
    const before = await vault.secrets();
    const failed = (await agentVault('demo', '--auto', '--keep', vault.folder).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.stderr).toMatch(
      /^agent-vault: error: \S+ cannot be created, or is there already\nagent-vault: hint: give --keep a new folder\n$/u,
    );
    expect(failed.code).toBe(2);
    expect(await vault.secrets()).toBe(before);
  });

  it('waits for a tap in the demo at a terminal, and shows the link as a QR code', async () => {
    const command = `'${process.execPath}' '${mainFile}' demo`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: vault.folder, env: vault.env });
    let output = '';
    terminal.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const link = (): string | undefined => /https?:\/\/\S+\/approve\/[^\s]+/u.exec(output)?.[0];
    await expect.poll(link, { timeout: 10_000 }).toBeDefined();
    await expect.poll(() => output).toContain('Waiting for your tap');
    expect(output.match(/[█▀▄]/gu)?.length).toBeGreaterThan(200);
    const ended = once(terminal, 'exit');
    await tap(link() ?? '');
    const [code] = await ended;
    expect(code).toBe(0);
    expect(output).toContain('DATABASE_URL = pos••••••app');
  });

  it('ends the demo quietly at Ctrl-C', async () => {
    const terminal = spawn('script', ['-qec', `'${process.execPath}' '${mainFile}' demo`, '/dev/null'], {
      cwd: vault.folder,
      env: vault.env,
    });
    let output = '';
    terminal.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, { timeout: 10_000 }).toContain('Waiting for your tap');
    const ended = once(terminal, 'exit');
    terminal.stdin.write('\u0003');
    const [code] = await ended;
    expect(code).toBe(130);
    expect(output).not.toMatch(/error| {4}at /u);
  });

  it('runs the whole demo by itself, and leaves the sandbox where it is told', async () => {
    const keep = `${vault.folder}/kept`;
    const { stdout } = await agentVault('demo', '--auto', '--keep', keep);
    expect(stdout).toContain('DATABASE_URL = pos••••••app');
    expect(stdout).toMatch(/requested[\s\S]*approved[\s\S]*released[\s\S]*auto_approved/u);
    expect(stdout).not.toContain('demo-3f9c1b77');
    const { stdout: rows } = await run('sqlite3', [
      `${keep}/agent-vault.db`,
      'SELECT action FROM audit ORDER BY timestamp DESC LIMIT 20',
    ]);
    expect(rows.trim().split('\n')).toHaveLength(5);
  });
});
