import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import type { EdgeOptions } from '../support/ngrok-edge.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';
import type { TestClient } from '../support/vault.ts';
import { canary, tap, TestVault } from '../support/vault.ts';

const token = '2canaryAuthToken_7Qm4xZ';
const domain = 'vault.example.test';
let folder: string;
let certificate: Certificate;
let edge: NgrokEdge;
let vault: TestVault;
let client: TestClient;
let port: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-vault-edge-'));
  certificate = makeCertificate(folder);
});

afterAll(() => rm(folder, { recursive: true }));

afterEach(async () => {
  await client.close();
  await vault.close();
  await edge.close();
});

/** The built server with the real ngrok client, against an edge on this machine. */
async function start(options: Partial<EdgeOptions> = {}, config: Record<string, unknown> = {}): Promise<void> {
  edge = await NgrokEdge.open({ certificate, ...options });
  port = await freePort();
  const tunnel = { server_addr: `localhost:${edge.port}`, root_cas: certificate.caFile };
  vault = await TestVault.open({
    config: { ngrokAuthToken: 'env:NGROK_TOKEN', ngrokDomain: domain, tunnel, port, ...config },
    env: { NGROK_TOKEN: token },
  });
  client = await vault.connect();
}

/** The path of a link does not depend on the host: approves it on this machine. */
async function tapHere<Answer>(link: string, answer: Promise<Answer>): Promise<Answer> {
  const { pathname, search } = new URL(link);
  await tap(`http://localhost:${port}${pathname}${search}`);
  return answer;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('the built server with an ngrok token', { timeout: 60_000 }, () => {
  it('gives a public link, whose page is served through the tunnel; nothing else of this machine is', async () => {
    await start();
    const answer = client.get();
    const link = await client.link();
    expect(link).toMatch(/^https:\/\/vault\.example\.test\/approve\//u);
    const { pathname, search } = new URL(link);
    const page = await edge.visit(domain, pathname + search);
    expect(page).toMatch(/^HTTP\/1\.1 200 /u);
    expect(page).toContain('__Host-');
    expect(page).toContain('API_KEY');
    expect(await edge.visit(domain, '/')).toMatch(/^HTTP\/1\.1 404 /u);
    expect(JSON.stringify(edge.binds)).toContain('vault.example.test');
    expect((await tapHere(link, answer)).text).toBe(canary);
  });

  it('gives the link on this machine and the reason when the token is refused, without the token', async () => {
    await start({
      onAuth: ({ Extra }) =>
        `The authtoken you specified is wrong. Your authtoken: ${Extra.AuthToken}\n\nERR_NGROK_105\n`,
    });
    const answer = client.get();
    const link = await client.link();
    expect(link).toMatch(/^http:\/\/localhost:/u);
    await tap(link);
    const { text, result } = await answer;
    expect(text).toBe(canary);
    expect(client.stderr).toMatch(/works on this machine only/u);
    expect(client.stderr + JSON.stringify(result) + client.progress.join()).not.toContain(token);
    const next = client.get();
    await tap(await client.link(2), 'deny');
    await next;
    expect(edge.auths.length).toBeGreaterThan(1);
  });

  it('asks in time when the edge is silent and requests live for a few seconds only', async () => {
    await start({ silent: true }, { approval: { expiresIn: 8 } });
    const answer = client.get();
    await tap(await client.link());
    expect((await answer).text).toBe(canary);
    expect(client.stderr).toContain('this link works on this machine only: the tunnel is still connecting');
  });

  it('says why it refuses an endpoint that is online elsewhere', async () => {
    await start({ onBind: () => `The endpoint 'https://${domain}' is already online.\n\nERR_NGROK_334\n` });
    const answer = client.get();
    await tap(await client.link());
    await answer;
    expect(client.stderr).toMatch(/already online/u);
  });
});
