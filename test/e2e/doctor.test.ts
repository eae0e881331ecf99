import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Report } from '../../src/doctor/inspect.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { Certificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import type { EdgeOptions } from '../support/ngrok-edge.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';
import type { VaultOptions } from '../support/vault.ts';
import { canary, mainFile, TestVault } from '../support/vault.ts';

const domain = 'vault.example.test';
const token = '2canaryAuthToken_7Qm4xZ';
const webhook = 'https://hooks.example.com/services/canaryPath7Qm4xZ';

let folder: string;
let certificate: Certificate;
let vault: TestVault;
let edge: NgrokEdge | null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-doctor-'));
  certificate = makeCertificate(folder);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  edge = null;
});
afterEach(async () => {
  await vault.close();
  await edge?.close();
});

interface Examination {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function examine(...args: string[]): Promise<Examination> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [mainFile, 'doctor', ...args],
      { cwd: vault.folder, env: vault.env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

async function report(): Promise<Report & { ok: boolean; code: number }> {
  const { code, stdout } = await examine('--json');
  return { ...(JSON.parse(stdout) as Report & { ok: boolean }), code };
}

/** "level check: what", one a line. */
const linesOf = ({ findings }: Report): string[] =>
  findings.map(({ level, check, says }) => `${level} ${check}: ${says}`);

const tunnelled = (): VaultOptions => ({
  config: {
    ngrokAuthToken: 'env:NGROK_TOKEN',
    ngrokDomain: domain,
    tunnel: { server_addr: edge?.address, root_cas: certificate.caFile },
    webhooks: [{ url: webhook, authorization: 'env:LOG_KEY' }],
  },
  env: { NGROK_TOKEN: token, LOG_KEY: canary },
});

async function withEdge(options: Partial<EdgeOptions> = {}): Promise<void> {
  edge = await NgrokEdge.open({ certificate, ...options });
  vault = await TestVault.open(tunnelled());
}

async function pairPhone(host: string): Promise<void> {
  const { credentialId, publicKey } = new Authenticator();
  const roster = openRoster(join(vault.folder, 'state'), systemClock);
  const passkey = {
    id: 'aaaaaaaaaaaaaaaaaaaaa',
    name: 'phone',
    factor: 'passkey',
    addedAt: '2026-01-02T03:04:05.000Z',
    fingerprint: '',
    credentialId,
    publicKey,
    counter: 0,
    transports: [],
    deviceType: 'multiDevice',
    backedUp: true,
    rpId: host,
    origin: `https://${host}`,
  } as const;
  await roster.add(passkey, { by: null, before: async () => undefined });
}

/** Names, modes and contents of everything in the vault's folder. */
function picture(): string[] {
  const files = readdirSync(vault.folder, { recursive: true, encoding: 'utf8' }).sort();
  return files.map((name) => {
    const path = join(vault.folder, name);
    const found = statSync(path);
    const hash = found.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    return `${name} ${found.mode} ${hash}`;
  });
}

describe('the doctor', { timeout: 60_000 }, () => {
  it('finds nothing broken in a set-up with a paired phone, and names its tier', async () => {
    await withEdge();
    await pairPhone(domain);
    const found = await report();
    expect(linesOf(found)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ok config: .*agent-vault\.config\.json, approved by "a person" on /u),
        'ok vault local: env answers, with 2 secrets',
        `ok tunnel: ngrok opens at https://${domain}`,
        'ok webhooks: 1, to hooks.example.com',
        expect.stringMatching(/^note approvers: "phone" \(.*a passkey at vault\.example\.test, synced/u),
        expect.stringMatching(/^note files: .*the state folder/u),
      ]),
    );
    expect(linesOf(found).filter((line) => line.startsWith('problem'))).toEqual([]);
    expect(found).toMatchObject({ ok: true, code: 0, tier: { reached: 2 } });
    expect(edge?.online).toEqual([]);
  });

  it('says tier 0 where nobody was ever paired, and what the next one takes', async () => {
    vault = await TestVault.open();
    const { code, stdout } = await examine();
    expect(code).toBe(0);
    expect(stdout).toContain('tier 0 of 3: link');
    expect(stdout).toContain('next: pair a phone: agent-vault pair');
  });

  it('changes nothing, and makes no file', async () => {
    await withEdge();
    await pairPhone(domain);
    const before = picture();
    await examine();
    expect(picture()).toEqual(before);
    await rm(join(vault.folder, 'state'), { recursive: true });
    await examine();
    expect(existsSync(join(vault.folder, 'state'))).toBe(false);
  });

  it('shows no value, no token, and of a webhook the host only', async () => {
    await withEdge();
    await pairPhone(domain);
    for (const args of [[], ['--json']]) {
      const { stdout, stderr } = await examine(...args);
      for (const secret of [canary, token, 'canaryPath7Qm4xZ', 'API_KEY'])
        expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('says what of a config nobody has approved, and leaves its tunnel closed', async () => {
    edge = await NgrokEdge.open({ certificate });
    vault = await TestVault.open({ ...tunnelled(), approved: false });
    const found = await report();
    expect(linesOf(found)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^note config: .*which no person has approved yet/u),
        expect.stringMatching(/^note config: wide: webhook hooks\.example\.com: .*LOG_KEY/u),
        expect.stringMatching(/^note tunnel: not opened/u),
      ]),
    );
    expect(edge.connections).toBe(0);
  });

  it('names what was changed in a config since it was approved', async () => {
    vault = await TestVault.open();
    const file = join(vault.folder, 'agent-vault.config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as { vaults: { local: object } };
    config.vaults.local = { ...config.vaults.local, ttl: 1440 };
    await writeFile(file, JSON.stringify(config));
    expect(linesOf(await report()).filter((line) => line.includes(' config: '))).toEqual([
      expect.stringContaining('changed since it was approved'),
      expect.stringMatching(/^note config: wide: vault local: .*1 day/u),
    ]);
  });

  it('explains an address that is online elsewhere', async () => {
    await withEdge({ onBind: () => `The endpoint 'https://${domain}' is already online.\n\nERR_NGROK_334\n` });
    expect(linesOf(await report())).toEqual(
      expect.arrayContaining([expect.stringMatching(/^note tunnel: .*ERR_NGROK_334/u)]),
    );
  });

  it('finds a passkey that counts at another address than the tunnel’s', async () => {
    await withEdge();
    await pairPhone('other.example.test');
    const found = await report();
    expect(linesOf(found)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^problem tunnel: .*counts at https:\/\/other\.example\.test only/u),
      ]),
    );
    expect(found.code).toBe(1);
  });

  it.each([
    [
      'a vault whose file is not there',
      { config: { vaults: { local: { type: 'env', file: 'nowhere' } } } },
      /^problem vault local: /u,
    ],
    [
      'a vault whose token is not set',
      { config: { vaults: { op: { type: '1password', serviceAccountToken: 'env:NOT_SET' } } } },
      /^problem vault op: .*NOT_SET/u,
    ],
  ] as [string, VaultOptions, RegExp][])('finds %s', async (_what, options, line) => {
    vault = await TestVault.open(options);
    const found = await report();
    expect(linesOf(found)).toEqual(expect.arrayContaining([expect.stringMatching(line)]));
    expect(found).toMatchObject({ ok: false, code: 1 });
  });

  it('goes on when the config cannot be read', async () => {
    vault = await TestVault.open();
    await writeFile(join(vault.folder, 'agent-vault.config.json'), '{ "vaults": 7 }');
    const { code, stdout } = await examine();
    expect(code).toBe(1);
    expect(stdout).toMatch(/PROBLEM +config +.*vaults/u);
    expect(stdout).toMatch(/note +approvers/u);
  });

  it('finds a list of approvers that cannot be read, with which nothing can be approved', async () => {
    vault = await TestVault.open();
    await writeFile(join(vault.folder, 'state/approvers.json'), '{}', { mode: 0o600 });
    const found = await report();
    expect(linesOf(found)).toEqual(expect.arrayContaining([expect.stringMatching(/^problem approvers: /u)]));
    expect(found).toMatchObject({ code: 1, tier: { reached: null } });
  });

  it('heeds the user’s own limits', async () => {
    vault = await TestVault.open();
    await writeFile(join(vault.folder, 'state/limits.json'), '{"factor":"passkey","vaultTypes":["1password"]}', {
      mode: 0o600,
    });
    const found = await report();
    expect(linesOf(found)).toEqual(
      expect.arrayContaining([
        'ok limits: factor "passkey", vaultTypes ["1password"]',
        expect.stringMatching(/^note limits: vault local cannot be used/u),
      ]),
    );
    expect(found.tier.reached).toBeNull();
  });
});
