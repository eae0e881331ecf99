import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server, TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';
import { makeCertificate } from './certificate.ts';
import { NgrokEdge } from './ngrok-edge.ts';
import type { VaultOptions } from './vault.ts';
import { TestVault } from './vault.ts';

export const domain = 'vault.example.test';
const token = '2canaryAuthToken_7Qm4xZ';

/** As much of it as a user and their phone need: ngrok's service, and https to the hosts that are online there. */
export class Internet {
  readonly #onBind: () => string | null;
  readonly #folder: string;
  readonly #certificate: Certificate;
  readonly #server: Server;
  readonly #visitors = new Set<TLSSocket>();
  #edge: NgrokEdge;

  /** @param onBind the text with which an endpoint is refused; null lets it in */
  static async open(onBind: () => string | null = () => null): Promise<Internet> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-internet-'));
    const certificate = makeCertificate(folder, [domain]);
    const edge = await NgrokEdge.open({ certificate, onBind });
    const internet = new Internet({ edge, onBind, folder, certificate });
    await once(internet.#server.listen(0, '127.0.0.1'), 'listening');
    return internet;
  }

  private constructor({ edge, onBind, folder, certificate }: Parts) {
    this.#edge = edge;
    this.#onBind = onBind;
    this.#folder = folder;
    this.#certificate = certificate;
    this.#server = createTlsServer({ key: certificate.key, cert: certificate.cert }, (visitor) => {
      this.#visitors.add(visitor);
      visitor.on('close', () => this.#visitors.delete(visitor));
      this.#edge.enter(visitor.servername || '', visitor);
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  /** The service, as it is now. */
  get edge(): NgrokEdge {
    return this.#edge;
  }

  /** The file with the authority behind its https. */
  get authority(): string {
    return this.#certificate.caFile;
  }

  /** Of this machine: where a browser has to go for any host. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A folder whose config has a tunnel, with a domain of its own. */
  async openVault({ config = {}, env = {} }: VaultOptions = {}): Promise<TestVault> {
    const tunnel = { server_addr: this.edge.address, root_cas: this.authority };
    const way = { port: await freePort(), ngrokAuthToken: 'env:NGROK_TOKEN', ngrokDomain: domain, tunnel };
    return TestVault.open({ config: { ...way, ...config }, env: { NGROK_TOKEN: token, ...env } });
  }

  /** The service is gone, until `restore`. */
  cut(): Promise<void> {
    return this.#edge.close();
  }

  async restore(): Promise<void> {
    this.#edge = await NgrokEdge.open({ certificate: this.#certificate, onBind: this.#onBind, port: this.#edge.port });
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const visitor of this.#visitors) visitor.destroy();
    await this.edge.close();
    await rm(this.#folder, { recursive: true });
  }
}

interface Parts {
  readonly edge: NgrokEdge;
  readonly onBind: () => string | null;
  readonly folder: string;
  readonly certificate: Certificate;
}

/** The same link for somebody who is at the machine itself. */
export async function localOf({ folder }: TestVault, link: string): Promise<string> {
  const { port } = JSON.parse(await readFile(join(folder, 'agent-vault.config.json'), 'utf8')) as { port: number };
  return `http://localhost:${port}${link.slice(new URL(link).origin.length)}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
