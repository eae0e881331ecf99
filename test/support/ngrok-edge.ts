import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';
import { MuxConnection } from './mux.ts';
import type { MuxStream } from './mux.ts';

/** What kind of stream it is stands in its first four bytes. The ones that the client opens: */
const asked = { auth: 0, bind: 1, unbind: 2, heartbeat: 0xffffffff };
/** The one that the edge opens: a visitor's connection. */
const visitorStream = 3;

export interface AuthRequest {
  readonly Extra: { readonly AuthToken: string };
}

export interface BindRequest {
  /** Empty at first; after a reconnect the one it had. */
  readonly Id: string;
  readonly Proto: string;
  readonly ForwardsTo: string;
  readonly Opts: { readonly Domain: string };
}

export interface EdgeOptions {
  readonly certificate: Certificate;
  /** The text with which a client is refused; null lets it in. */
  readonly onAuth?: (request: AuthRequest) => string | null;
  /** The same for an endpoint. */
  readonly onBind?: (request: BindRequest) => string | null;
  /** Of the addresses it gives; https if not said. */
  readonly scheme?: string;
  /** Takes connections and never says a word. */
  readonly silent?: boolean;
  readonly port?: number;
}

interface Endpoint {
  readonly id: string;
  readonly host: string;
  readonly connection: MuxConnection;
}

/**
 * A stand-in for ngrok's service: TLS, framed streams and JSON requests, as far as the real client needs them.
 * An endpoint without a domain gets another address with each bind, as on a plan without a fixed one.
 */
export class NgrokEdge {
  readonly auths: AuthRequest[] = [];
  readonly binds: BindRequest[] = [];
  readonly #options: EdgeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #endpoints = new Map<string, Endpoint>();

  port = 0;
  /** How many connections there have ever been. */
  connections = 0;

  static async open(options: EdgeOptions): Promise<NgrokEdge> {
    const edge = new NgrokEdge(options);
    await once(edge.#server.listen(options.port ?? 0, '127.0.0.1'), 'listening');
    edge.port = (edge.#server.address() as AddressInfo).port;
    return edge;
  }

  private constructor(options: EdgeOptions) {
    this.#options = options;
    const { key, cert } = options.certificate;
    this.#server =
      options.silent === true ? createTcpServer() : createTlsServer({ key, cert }, (socket) => this.#serve(socket));
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      this.connections += 1;
      // Unread, it would not even notice that the client has gone.
      if (options.silent === true) socket.resume();
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    });
  }

  get address(): string {
    return `localhost:${this.port}`;
  }

  /** The public hosts that are online. */
  get online(): string[] {
    return [...this.#endpoints.values()].map((endpoint) => endpoint.host);
  }

  /** How many clients are connected, let in or not. */
  get clients(): number {
    return this.#sockets.size;
  }

  /** Waits for a client to connect. */
  async approached(): Promise<void> {
    if (this.clients === 0) await once(this.#server, 'connection');
  }

  /** What a browser gets that opens a page of this host. */
  async visit(host: string, path: string): Promise<string> {
    const stream = this.#open(host);
    if (stream === null) throw new Error(`${host} is offline`);
    stream.write(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
    return (await stream.ended).toString();
  }

  /** Lets a browser's connection through to whoever has this host online. */
  enter(host: string, visitor: Duplex): void {
    const stream = this.#open(host);
    if (stream === null) visitor.on('error', () => undefined).end(offline(host));
    else stream.carry(visitor);
  }

  /** Cuts every client off, as a lost network does. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.drop();
    await closed;
  }

  /** A visitor's stream; null while the host is offline. */
  #open(host: string): MuxStream | null {
    const endpoint = [...this.#endpoints.values()].find((each) => each.host === host);
    if (endpoint === undefined) return null;
    const stream = endpoint.connection.open(visitorStream);
    const about = { Id: endpoint.id, ClientAddr: '203.0.113.7:55555', Proto: 'https', EdgeType: '3' };
    const head = Buffer.from(JSON.stringify({ ...about, PassthroughTLS: false }));
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(head.length));
    stream.write(Buffer.concat([length, head]));
    return stream;
  }

  #serve(socket: Socket): void {
    const connection: MuxConnection = new MuxConnection(socket, (stream) => this.#answer(stream, connection));
    socket
      .on('error', () => undefined)
      .on('close', () => {
        for (const endpoint of this.#endpoints.values()) {
          if (endpoint.connection === connection) this.#endpoints.delete(endpoint.id);
        }
      });
  }

  #answer(stream: MuxStream, connection: MuxConnection): void {
    if (stream.kind === asked.heartbeat) return stream.echo();
    stream.onRequest((request) => {
      if (stream.kind === asked.auth) return this.#auth(request as AuthRequest);
      if (stream.kind === asked.bind) return this.#bind(request as BindRequest, connection);
      if (stream.kind === asked.unbind) this.#endpoints.delete((request as { Id: string }).Id);
      return {};
    });
  }

  #auth(request: AuthRequest): object {
    this.auths.push(request);
    const refusal = this.#options.onAuth?.(request) ?? null;
    if (refusal !== null) return { Error: refusal };
    const account = { AccountName: 'local', PlanName: 'Free', SessionDuration: 0, Banner: '' };
    return {
      Version: '3',
      ClientId: 'client',
      Error: '',
      Extra: { Version: '1', Region: 'local', Cookie: '', ...account },
    };
  }

  #bind(request: BindRequest, connection: MuxConnection): object {
    this.binds.push(request);
    const host = request.Opts.Domain || `address-${this.binds.length}.ngrok.test`;
    const refusal = this.#options.onBind?.(request) ?? (this.online.includes(host) ? alreadyOnline(host) : null);
    if (refusal !== null) return { Error: refusal };
    const id = request.Id || `endpoint-${this.binds.length}`;
    this.#endpoints.set(id, { id, host, connection });
    return {
      Id: id,
      URL: `${this.#options.scheme ?? 'https'}://${host}`,
      Proto: request.Proto,
      Opts: request.Opts,
      Extra: { Token: '' },
    };
  }
}

function alreadyOnline(host: string): string {
  return `The endpoint 'https://${host}' is already online.\n\nERR_NGROK_334\n`;
}

function offline(host: string): string {
  const text = `The endpoint ${host} is offline.\n\nERR_NGROK_3200\n`;
  const head = ['HTTP/1.1 404 Not Found', 'Content-Type: text/plain', `Content-Length: ${text.length}`];
  return [...head, 'Connection: close', '', text].join('\r\n');
}
