import { ElicitRequestSchema, ElicitationCompleteNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from '../support/vault.ts';
import { canary, tap, TestVault } from '../support/vault.ts';

let vault: TestVault;
let client: TestClient | undefined;

beforeEach(async () => {
  vault = await TestVault.open();
});

afterEach(async () => {
  await client?.close();
  await vault.close();
});

type Action = 'accept' | 'decline' | 'cancel';

/** A client that shows links in a dialog; `answer` decides what its person does there. */
async function withDialogs(
  answer: (url: string) => Promise<Action>,
): Promise<{ client: TestClient; completed: string[] }> {
  const completed: string[] = [];
  client = await vault.connect({ capabilities: { elicitation: { url: {} } } });
  client.client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    if (params.mode !== 'url') throw new Error('a form was asked for');
    return { action: await answer(params.url) };
  });
  client.client.setNotificationHandler(
    ElicitationCompleteNotificationSchema,
    ({ params }) => void completed.push(params.elicitationId),
  );
  return { client, completed };
}

/** Whatever comes over the wire, also what no request waits for. */
function listenedTo({ transport }: TestClient) {
  const heard: unknown[] = [];
  const handle = transport.onmessage;
  transport.onmessage = (message) => {
    heard.push(message);
    handle?.(message);
  };
  return { transport, heard };
}

describe('a client that declares URL elicitation', () => {
  it('gets the link in a dialog; accepting it approves nothing, a tap does, and completion is told', async () => {
    const { promise: url, resolve: shown } = Promise.withResolvers<string>();
    const { client, completed } = await withDialogs(async (link) => (shown(link), 'accept'));
    const answer = client.get();
    const link = await url;
    await setTimeout(100);
    expect(vault.actions()).toEqual(['requested API_KEY']);
    await tap(link);
    expect((await answer).text).toBe(canary);
    await expect.poll(() => completed.length).toBe(1);
    expect(client.progress.join()).not.toContain('/approve/');
  });

  it('that declines at once, as headless clients do, is not listened to', async () => {
    const { client } = await withDialogs(async () => 'decline');
    const answer = client.get();
    const link = await client.link();
    await setTimeout(100);
    await tap(link);
    expect((await answer).text).toBe(canary);
  });

  it('that cancels its dialog leaves the request open', async () => {
    const { client } = await withDialogs(async () => 'cancel');
    const answer = client.get();
    await tap(await client.link());
    expect((await answer).text).toBe(canary);
  });

  it('whose person declines the link withdraws the request', async () => {
    const { client } = await withDialogs(async () => (await setTimeout(1_200), 'decline'));
    expect((await client.get()).status).toBe('withdrawn');
    await expect.poll(() => vault.actions()).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
  });

  it('shows one dialog for two identical calls', async () => {
    const links: string[] = [];
    const { client } = await withDialogs(async (link) => (links.push(link), 'accept'));
    const answers = [client.get(), client.get()];
    const link = await client.link();
    await setTimeout(200);
    await tap(link);
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual([canary, canary]);
    expect(links).toEqual([link]);
  });

  it('that fails at it changes nothing', async () => {
    const { client } = await withDialogs(async () => {
      throw new Error('no browser');
    });
    const answer = client.get();
    await tap(await client.link());
    expect((await answer).text).toBe(canary);
  });
});

describe('any other client', () => {
  it('gets the link in a progress message, if it sent a token, and on stderr; never in the result', async () => {
    client = await vault.connect();
    const answer = client.get();
    const link = await client.link();
    await expect.poll(() => client?.progress.join()).toContain(link);
    await tap(link, 'deny');
    expect(JSON.stringify(await answer)).not.toContain('/approve/');
  });

  it('gets "pending" when its budget is spent, and joins its request by calling again', async () => {
    await vault.close();
    vault = await TestVault.open({ config: { approval: { wait: 1 } } });
    client = await vault.connect();
    const { text, status, isError } = await client.get();
    expect([status, isError]).toEqual(['pending', false]);
    expect(text).toMatch(/^pending: call get_secret again with the same arguments/u);
    expect(text).not.toContain('/approve/');
    await tap(await client.link());
    expect((await client.get()).text).toBe(canary);
    expect(client.stderr.match(/\/approve\//gu)).toHaveLength(1);
  });

  it('whose person presses Esc withdraws the request', async () => {
    client = await vault.connect({ name: 'claude-code' });
    const stop = new AbortController();
    const answer = client.call('get_secret', { vault: 'local', name: 'API_KEY', reason: 'x' }, { signal: stop.signal });
    await client.link();
    stop.abort('AbortError: user-cancel');
    await expect(answer).rejects.toThrow();
    await expect.poll(() => vault.actions()).toEqual(['requested API_KEY', 'withdrawn API_KEY']);
  });

  it.each([
    ['0', 0, 'later'],
    ['0, in one piece of input with the request', 0, 'at once'],
    ['"", which counts as none', '', 'later'],
  ])('that cancels its request with id %s is not answered with the value either', async (_, id, when) => {
    client = await vault.connect();
    const { transport, heard } = listenedTo(client);
    const params = { name: 'get_secret', arguments: { vault: 'local', name: 'API_KEY', reason: 'x' } };
    const cancel = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: id, reason: 'timed out' },
    } as const;
    const asked = transport.send({ jsonrpc: '2.0', id, method: 'tools/call', params });
    if (when === 'at once') await transport.send(cancel);
    await asked;
    const link = when === 'at once' ? null : await client.link();
    if (when === 'later') await transport.send(cancel);
    await setTimeout(150);
    if (link !== null) await tap(link);
    await setTimeout(200);
    expect(JSON.stringify(heard)).not.toContain(canary);
    const answer = client.get();
    if (link === null) await tap(await client.link());
    expect((await answer).text).toBe(canary);
  });

  it('that uses an id again before it cancels it is not answered with the value', async () => {
    client = await vault.connect();
    const { transport, heard } = listenedTo(client);
    const ask = { vault: 'local', name: 'API_KEY', reason: 'x' };
    const call = { jsonrpc: '2.0', id: 700, method: 'tools/call' } as const;
    await transport.send({ ...call, params: { name: 'get_secret', arguments: ask } });
    const link = await client.link();
    await transport.send({ ...call, params: { name: 'list_secrets', arguments: {} } });
    await expect.poll(() => JSON.stringify(heard)).toContain('- API_KEY');
    await transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 700 } });
    await setTimeout(100);
    await tap(link);
    await setTimeout(200);
    expect(JSON.stringify(heard)).not.toContain(canary);
  });

  it('that initializes again without dialogs while one is open does not end the server', async () => {
    const { client } = await withDialogs(async () => (await setTimeout(300), 'accept'));
    const answer = client.get();
    const link = await client.link();
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'again', version: '1' } };
    await client.transport.send({ jsonrpc: '2.0', id: 900, method: 'initialize', params });
    await setTimeout(100);
    await tap(link);
    expect((await answer).text).toBe(canary);
    expect((await client.call('list_secrets', {})).text).toContain('API_KEY');
  });
});
