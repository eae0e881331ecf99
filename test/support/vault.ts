import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult, ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import Database from 'better-sqlite3';
import { filledForm } from '../../src/cli/demo/form.ts';
import { approveConfig } from './approve-config.ts';

export const mainFile = join(import.meta.dirname, '../../dist/main.js');

/** Shown to nobody: every end-to-end run hunts for it in whatever the product leaves behind. */
export const canary = 'CANARY-7f3a-öß-value-that-must-not-leak';

export interface VaultOptions {
  /** Merged over a config with one env vault "local". */
  readonly config?: Record<string, unknown>;
  readonly secrets?: string;
  readonly env?: Record<string, string>;
  /** Whether a person has approved the config before. */
  readonly approved?: boolean;
}

/** A folder with a config and an env file, as a user has it. */
export class TestVault {
  readonly folder: string;
  readonly env: Record<string, string>;

  private constructor(folder: string, env: Record<string, string>) {
    this.folder = folder;
    this.env = env;
  }

  static async open({ config = {}, secrets, env = {}, approved = true }: VaultOptions = {}): Promise<TestVault> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-test-'));
    const written = {
      vaults: { local: { type: 'env', file: '.env.secrets', writable: true } },
      port: 0,
      tunnel: { type: 'none' },
      ...config,
    };
    await writeFile(join(folder, 'agent-vault.config.json'), JSON.stringify(written));
    await writeFile(join(folder, '.env.secrets'), secrets ?? `API_KEY='${canary}'\nOTHER='${canary}-2'\n`, {
      mode: 0o600,
    });
    const state = join(folder, 'state');
    await mkdir(state, { mode: 0o700 });
    const full = { PATH: process.env['PATH'] ?? '', AGENT_VAULT_STATE: state, ...env };
    if (approved) await approveConfig(folder, full);
    return new TestVault(folder, full);
  }

  /** A folder that has its config and env file already. */
  static at(folder: string, env: Record<string, string>): TestVault {
    return new TestVault(folder, env);
  }

  connect(options: ConnectOptions = {}): Promise<TestClient> {
    return TestClient.connect(this, options);
  }

  get database(): string {
    return join(this.folder, 'agent-vault.db');
  }

  /** The rows of the log, oldest first. */
  rows(): Record<string, unknown>[] {
    const database = new Database(this.database, { readonly: true, fileMustExist: true });
    try {
      return database.prepare('SELECT * FROM audit ORDER BY id').all() as Record<string, unknown>[];
    } finally {
      database.close();
    }
  }

  actions(): string[] {
    return this.rows().map((row) => `${String(row['action'])} ${String(row['secret_name'])}`);
  }

  secrets(): Promise<string> {
    return readFile(join(this.folder, '.env.secrets'), 'utf8');
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export interface ConnectOptions {
  readonly name?: string;
  readonly capabilities?: ClientCapabilities;
  readonly env?: Record<string, string>;
  /** How the server is started; the built package by default. */
  readonly command?: readonly [string, ...string[]];
}

interface Reply {
  readonly text: string;
  readonly status: unknown;
  readonly isError: boolean;
  readonly result: CallToolResult;
}

/** A real MCP client over stdio, and what the person beside it sees. */
export class TestClient {
  readonly client: Client;
  readonly transport: StdioClientTransport;
  stderr = '';
  readonly progress: string[] = [];

  private constructor(client: Client, transport: StdioClientTransport) {
    this.client = client;
    this.transport = transport;
    transport.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static async connect({ folder, env }: TestVault, options: ConnectOptions): Promise<TestClient> {
    const [command, ...args] = options.command ?? [process.execPath, mainFile];
    const transport = new StdioClientTransport({
      command,
      args,
      cwd: folder,
      env: { ...env, ...options.env },
      stderr: 'pipe',
    });
    const client = new Client(
      { name: options.name ?? 'test-client', version: '1.0' },
      { capabilities: options.capabilities ?? {} },
    );
    const self = new TestClient(client, transport);
    await client.connect(transport);
    return self;
  }

  async call(
    name: string,
    args: Record<string, unknown>,
    options: { timeout?: number; signal?: AbortSignal } = {},
  ): Promise<Reply> {
    const result = (await this.client.callTool({ name, arguments: args }, undefined, {
      timeout: 60_000,
      onprogress: ({ message }) => void this.progress.push(message ?? ''),
      ...options,
    })) as CallToolResult;
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    return { text, status: result._meta?.['agent-vault/status'], isError: result.isError === true, result };
  }

  get(name = 'API_KEY', reason = 'a test', vault = 'local') {
    return this.call('get_secret', { vault, name, reason });
  }

  /** The link that was announced on stderr as the nth (1 is the first). */
  async link(nth = 1): Promise<string> {
    for (let tries = 0; tries < 1_500; tries += 1) {
      const links = [...this.stderr.matchAll(/https?:\/\/\S+\/approve\/\S+/gu)].map(([url]) => url);
      const link = links[nth - 1];
      if (link !== undefined) return link;
      await setTimeout(20);
    }
    throw new Error(`no link number ${nth} on stderr: ${this.stderr}`);
  }

  /** Waits until the process is gone. */
  async close(): Promise<void> {
    await this.client.close();
  }
}

export interface Page {
  readonly status: number;
  readonly html: string;
  readonly csrf: string;
  readonly cookie: string;
}

/** Opens a page as a browser would, without JavaScript. */
export async function openPage(url: string): Promise<Page> {
  const answer = await fetch(url);
  const html = await answer.text();
  const csrf = /name="csrf" value="([^"]+)"/u.exec(html)?.[1] ?? '';
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return { status: answer.status, html, csrf, cookie };
}

/**
 * Taps Approve or Deny on the page of a link, as it stands: with a window if the page offers one, and with the config that it shows.
 * Resolves with the status of the answer.
 */
export async function tap(
  url: string,
  decision: 'approve' | 'deny' = 'approve',
  change: (fields: URLSearchParams) => void = () => undefined,
): Promise<number> {
  const { html, cookie } = await openPage(url);
  const body = filledForm(html, decision);
  change(body);
  const answer = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { origin: new URL(url).origin, cookie },
  });
  await answer.text();
  return answer.status;
}

/** Posts an approval whether or not the page offers one, without a proof. Resolves with the status of the answer. */
export async function forcedApproval(url: string): Promise<number> {
  const { csrf, cookie } = await openPage(url);
  const body = new URLSearchParams({ csrf, decision: 'approve' });
  const headers = { origin: new URL(url).origin, cookie };
  const answer = await fetch(url, { method: 'POST', body, redirect: 'manual', headers });
  await answer.text();
  return answer.status;
}
