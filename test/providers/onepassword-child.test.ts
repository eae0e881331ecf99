import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { VaultError } from '../../src/core/errors.ts';
import type { Provider } from '../../src/core/ports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { onepassword } from '../../src/providers/onepassword.ts';
import { providerPlugins } from '../../src/providers/index.ts';
import { childEntry, childEnvironment, openRemote } from '../../src/providers/onepassword-remote.ts';
import type { OnePassword } from '../../src/providers/onepassword-client.ts';
import { TestClock } from '../support/clock.ts';
import { call } from './fixtures/onepassword-bench.ts';
import { tokenFor, trappingSeed } from './fixtures/onepassword-token.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(options: z.input<typeof onepassword.options>): Promise<Provider> {
  const say = (): void => undefined;
  const provider = await onepassword.open(onepassword.options.parse(options), {
    place: 'dev',
    folder: tmpdir(),
    clock: systemClock,
    random: { id: () => 'id', bytes: (length) => new Uint8Array(length) },
    log: { warn: say, once: say, say },
  });
  closing.push(() => provider.close());
  return provider;
}

interface Remote {
  readonly client: OnePassword;
  readonly clock: TestClock;
}

function remote(
  token: () => string,
  entry = new URL('./fixtures/onepassword-child-online.ts', import.meta.url),
): Remote {
  const clock = new TestClock();
  const greeting = (): unknown => ({ signIn: { token: token() }, version: '1' });
  const client = openRemote({ entry, greeting, answerMs: 20_000, idleMs: 60_000, clock });
  closing.push(() => client.close());
  return { client, clock };
}

async function errorOf(promise: Promise<unknown>): Promise<VaultError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof VaultError) return error;
  throw new Error('no VaultError', { cause: error });
}

describe('the real SDK in its child process', { timeout: 20_000 }, () => {
  it.each([
    ['a text that is no token', 'canary-not-a-token', 'provider_refused', 'did not accept the service account token'],
    [
      'a token that holds rubbish',
      'ops_canary-rubbish',
      'provider_refused',
      'did not accept the service account token',
    ],
    [
      'a machine that is offline',
      tokenFor('127.0.0.1:1'),
      'provider_unavailable',
      'cannot be reached from this machine',
    ],
    ['a token that makes its WASM trap', tokenFor('127.0.0.1:1', trappingSeed), 'provider_unavailable', 'SDK crashed'],
  ])('tells of %s in our words, without the token', async (_, token, failure, words) => {
    const error = await errorOf((await open({ serviceAccountToken: ` ${token}\n` })).list(call));
    expect(error).toMatchObject({ failure, message: expect.stringContaining(words) });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(token);
  });

  it('survives a crash: the next call is answered by a new process', async () => {
    const tokens = [tokenFor('answers-500.test', trappingSeed), tokenFor('answers-500.test')];
    const { client } = remote(() => tokens.shift() ?? 'none left');
    expect((await errorOf(client.vaults())).message).toContain('SDK crashed');
    expect((await errorOf(client.vaults())).message).toContain('an error of its own');
  });

  it.each([
    ['answers-401', 'provider_refused', 'refused the sign-in'],
    ['answers-403', 'provider_refused', 'refused the sign-in'],
    ['answers-404', 'provider_refused', 'refused the sign-in'],
    ['answers-408', 'provider_unavailable', 'cannot be reached'],
    ['answers-409', 'provider_unavailable', 'an error of its own'],
    ['answers-429', 'provider_limited', 'rate limit'],
    ['answers-500', 'provider_unavailable', 'an error of its own'],
    ['answers-503', 'provider_unavailable', 'an error of its own'],
    ['html', 'provider_unavailable', 'an error of its own'],
  ])('tells of a server that says %s in our words', async (how, failure, words) => {
    const error = await errorOf(remote(() => tokenFor(`${how}.test`)).client.vaults());
    expect(error).toMatchObject({ failure, message: expect.stringContaining(words) });
    expect(`${error.message} ${error.hint ?? ''}`).not.toContain('canary');
  });

  it('gives up on a server that never answers after 20 seconds, and asks a new process the next time', async () => {
    const hosts = ['silent.test', 'answers-500.test'];
    const { client, clock } = remote(() => tokenFor(hosts.shift() ?? 'answers-404.test'));
    const waiting = errorOf(client.vaults());
    clock.pass(20_000);
    expect(await waiting).toMatchObject({
      failure: 'provider_unavailable',
      message: '1Password did not answer in time',
    });
    expect((await errorOf(client.vaults())).message).toContain('an error of its own');
  });

  it('answers nothing after it was closed', async () => {
    const provider = await open({ serviceAccountToken: tokenFor('127.0.0.1:1') });
    await provider.close();
    expect(await errorOf(provider.list(call))).toMatchObject({ failure: 'closing' });
  });
});

describe('an installation without the SDK', { timeout: 20_000 }, () => {
  it('says how to install it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-no-sdk-'));
    closing.push(() => rm(folder, { recursive: true }));
    const outfile = join(folder, 'child.mjs');
    const entry = fileURLToPath(new URL('../../src/providers/onepassword-child.ts', import.meta.url));
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['@1password/sdk'],
    });
    const error = await errorOf(remote(() => tokenFor('127.0.0.1:1'), pathToFileURL(outfile)).client.vaults());
    expect(error).toMatchObject({ failure: 'provider_unavailable', message: "1Password's SDK is not installed" });
    expect(error.hint).toContain('npm install @1password/sdk@');
  });
});

describe('the child process', () => {
  it('is the source beside the source, and the built file wherever a bundler put the rest', () => {
    expect(childEntry('file:///a/src/providers/onepassword.ts').href).toBe(
      'file:///a/src/providers/onepassword-child.ts',
    );
    expect(childEntry('file:///a/dist/main.js').href).toBe('file:///a/dist/onepassword-child.js');
    expect(childEntry('file:///a/chunks/dist/chunks/x-1.js').href).toBe('file:///a/chunks/dist/onepassword-child.js');
    expect(childEntry('file:///a/chunks/dist/main.js').href).toBe('file:///a/chunks/dist/onepassword-child.js');
  });

  it('gets of our environment only what it needs: no token, and nothing that loads code', () => {
    const kept = { HOME: '/home/me', https_proxy: 'http://proxy.example', NODE_USE_ENV_PROXY: '1' };
    const dropped = {
      OP_SERVICE_ACCOUNT_TOKEN: 'x',
      NGROK_AUTHTOKEN: 'x',
      NODE_OPTIONS: '--require x',
      LD_PRELOAD: 'x',
      API_KEY: 'x',
    };
    expect(childEnvironment({ ...kept, ...dropped })).toEqual(kept);
  });
});

describe('the options of a 1password vault', () => {
  it('belong to a plug-in that the config knows', () => {
    expect(providerPlugins.map(({ type }) => type)).toContain('1password');
  });

  it.each([
    ['no sign-in at all', {}, 'vault_unavailable'],
    ['an empty token', { serviceAccountToken: ' ' }, 'vault_unavailable'],
    ['two ways to sign in', { serviceAccountToken: 'x', account: 'y' }, 'config_invalid'],
    [
      'a vault to write to that may not be used',
      { account: 'y', vaultIds: ['a'], write: { vaultId: 'b' } },
      'config_invalid',
    ],
  ])('are refused with %s', async (_, options, failure) => {
    await expect(open(options)).rejects.toMatchObject({ failure });
  });

  it('make logins unless they say otherwise, and take no unknown category', () => {
    expect(onepassword.options.parse({ write: { vaultId: 'a' } }).write).toEqual({ vaultId: 'a', category: 'login' });
    expect(onepassword.options.safeParse({ write: { vaultId: 'a', category: 'Login' } }).success).toBe(false);
    expect(onepassword.options.safeParse({ vaultIds: [] }).success).toBe(false);
  });
});
