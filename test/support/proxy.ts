import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

/** A proxy that leads to one port of this machine, whatever host is asked for. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async open(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  private constructor(to: number) {
    this.#server = createServer((_, response) => response.writeHead(404).end());
    this.#server.on('connect', (_, client: Socket) => {
      const onward = connect(to, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(onward).pipe(client);
      });
      for (const socket of [client, onward]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      }
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
