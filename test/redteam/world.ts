import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { makeCertificate } from '../support/certificate.ts';
import { openEdge } from '../support/edge.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';
import type { SetUp } from './attack.ts';
import { Person } from './person.ts';
import type { World } from './scene.ts';
import { canary, domain, Scene } from './scene.ts';
import { openSink } from './sink.ts';
import type { Site } from './site.ts';
import { openSite, put, remember } from './site.ts';

export interface OpenWorld extends World {
  /** Everything as it was before the first attack. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A person's machine: the config approved, then a device paired, as the set-up says. */
export async function openWorld(folder: string, setUp: SetUp): Promise<OpenWorld> {
  const closing: (() => Promise<void> | void)[] = [];
  const onClose = (close: () => Promise<void> | void): void => void closing.push(close);
  const site = await openSite(folder, setUp);
  const certificate = makeCertificate(folder);
  const edge = await NgrokEdge.open({ certificate });
  onClose(() => edge.close());
  const [port, sink, person] = [await freePort(), await openSink({ onClose }), new Person(setUp, `https://${domain}`)];
  const browser = await openBrowser(folder, port, onClose);
  const world: World = { site, edge, caFile: certificate.caFile, port, person, posted: sink.posted, browser };
  await writeProject(world, sink.url);
  await approveConfig(world);
  await person.pair(site);
  const reset = await remember(site);
  return {
    ...world,
    reset,
    async close() {
      for (const close of closing.reverse()) await close();
    },
  };
}

/** Starts with the first page. The public address leads to the port of the approval pages. */
async function openBrowser(
  folder: string,
  port: number,
  onClose: (close: () => Promise<void> | void) => void,
): Promise<() => Promise<Browser>> {
  const front = await openEdge(mkdtempSync(join(folder, 'front-')), () => port);
  onClose(() => front.close());
  const address = `127.0.0.1:${new URL(front.origin).port}`;
  // Chromium protects addresses of this machine from other sites; those of tunnels are public.
  const flags = [`--host-resolver-rules=MAP ${domain} ${address}`, `--ip-address-space-overrides=${address}=public`];
  let browser: Promise<Browser> | null = null;
  onClose(async () => {
    await (await browser)?.close();
  });
  return () => (browser ??= launchBrowser(flags));
}

async function writeProject({ site, port, edge, caFile }: World, webhook: string): Promise<void> {
  const config = {
    vaults: {
      local: { type: 'env', file: '.env.secrets', ttl: 15, ttlScope: 'vault', writable: true },
      sandbox: { type: 'env', file: 'sandbox.env', ttl: 15, ttlScope: 'vault' },
    },
    port,
    ngrokAuthToken: 'env:NGROK_TOKEN',
    ngrokDomain: domain,
    tunnel: { server_addr: edge.address, root_cas: caFile },
    webhooks: [{ url: webhook, authorization: 'env:LOG_KEY', events: ['approved'] }],
  };
  const files = {
    'agent-vault.config.json': JSON.stringify(config, null, 2),
    '.env.secrets': `API_KEY='${canary}'\nOTHER='something else'\nTHIRD='a third thing'\n`,
    'sandbox.env': `API_KEY='a harmless one'\n`,
  };
  for (const [name, text] of Object.entries(files)) await inProject(site, name, text);
}

function inProject({ owner, project }: Site, name: string, text: string): Promise<void> {
  return put(owner, join(project, name), text);
}

/** The first request of a new config shows what it allows; one tap approves both. */
async function approveConfig(world: World): Promise<void> {
  const scene = new Scene(world);
  try {
    const asked = await scene.ask(await scene.start(), 'OTHER');
    const here = scene.visitor(`http://localhost:${world.port}`);
    const { status } = await here.submit(asked.path, { decision: 'approve' });
    if (status !== 303) throw new Error(`the config could not be approved: ${status}`);
    await asked.answer;
  } finally {
    await scene.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
