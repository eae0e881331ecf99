import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ngrokMissing } from '../../src/tunnels/ngrok-errors.ts';
import { makeCertificate } from '../support/certificate.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';

const source = join(import.meta.dirname, '../../src/tunnels');

let folder: string;
let child: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ngrok-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('the process with the ngrok client', () => {
  it('says that the client is missing where it is not installed', async () => {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const file of ['ngrok-child.ts', 'ngrok-messages.ts']) cpSync(join(source, file), join(folder, file));
    child = start(folder, { port: 1, token: 't' });
    const [news] = await once(child, 'message');
    expect(news).toMatchObject({ kind: 'missing' });
    expect(ngrokMissing(news.text).hint).toContain('npm install @ngrok/ngrok');
  });

  it('ends when its parent is gone, even in the middle of an attempt', async () => {
    const edge = await NgrokEdge.open({ certificate: makeCertificate(folder), silent: true });
    child = start(source, { port: 1, token: 't', serverAddress: edge.address, authorities: join(folder, 'ca.pem') });
    await edge.approached();
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
    await edge.close();
  });
});

function start(from: string, order: object): ChildProcess {
  const started = fork(join(from, 'ngrok-child.ts'), [], {
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  started.send(order);
  return started;
}
