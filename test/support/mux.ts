import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const frame = { data: 1, window: 2, goAway: 3 };
const flag = { fin: 1, syn: 2 };
const headerLength = 8;

/**
 * The server's half of muxado, the framing that ngrok's client speaks: 3 bytes length, 4 bits type, 4 bits flags,
 * 4 bytes stream id. Every stream begins with 4 bytes that say its kind. The server's own streams have even ids.
 */
export class MuxConnection {
  readonly #socket: Socket;
  readonly #streams = new Map<number, MuxStream>();
  readonly #onStream: (stream: MuxStream) => void;
  #nextId = 2;
  #unread = Buffer.alloc(0);

  constructor(socket: Socket, onStream: (stream: MuxStream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.once('close', () => {
      for (const stream of this.#streams.values()) stream.take(Buffer.alloc(0), true);
    });
  }

  open(kind: number): MuxStream {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new MuxStream((bytes, flags) => this.#send(frame.data, flags, id, bytes));
    stream.kind = kind;
    this.#streams.set(id, stream);
    this.#send(frame.data, flag.syn, id, uint32(kind));
    return stream;
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      if (this.#unread.length < headerLength) return;
      const end = headerLength + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const taken = this.#unread.subarray(0, end);
      this.#unread = this.#unread.subarray(end);
      const typeAndFlags = taken.readUInt8(3);
      if (typeAndFlags >> 4 === frame.goAway) this.#socket.end();
      if (typeAndFlags >> 4 === frame.data)
        this.#data(taken.readUInt32BE(4), typeAndFlags & 15, taken.subarray(headerLength));
    }
  }

  #data(id: number, flags: number, payload: Buffer): void {
    const stream = this.#streams.get(id) ?? new MuxStream((bytes, own) => this.#send(frame.data, own, id, bytes));
    this.#streams.set(id, stream);
    if (payload.length > 0) this.#send(frame.window, 0, id, uint32(payload.length));
    const before = stream.kind;
    stream.take(payload, (flags & flag.fin) !== 0);
    if (before === null && stream.kind !== null) this.#onStream(stream);
    if ((flags & flag.fin) !== 0) this.#streams.delete(id);
  }

  #send(type: number, flags: number, id: number, payload: Buffer): void {
    const header = Buffer.alloc(headerLength);
    header.writeUIntBE(payload.length, 0, 3);
    header.writeUInt8((type << 4) | flags, 3);
    header.writeUInt32BE(id, 4);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([header, payload]));
  }
}

export class MuxStream {
  /** Null until its first four bytes have come. */
  kind: number | null = null;
  /** Everything the other side sent, once it has sent its last byte or is gone. */
  readonly ended: Promise<Buffer>;
  readonly #send: (bytes: Buffer, flags: number) => void;
  #received = Buffer.alloc(0);
  #finish: (bytes: Buffer) => void = () => undefined;
  #onBytes: () => void = () => undefined;

  constructor(send: (bytes: Buffer, flags: number) => void) {
    this.#send = send;
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  write(bytes: Buffer): void {
    this.#send(bytes, 0);
  }

  /** Sends back whatever comes. */
  echo(): void {
    this.#whenBytesCome(() => {
      if (this.#received.length > 0) this.write(this.#received);
      this.#received = Buffer.alloc(0);
    });
  }

  /** Passes on what comes, and what is sent, until one side ends. */
  carry(visitor: Duplex): void {
    this.#whenBytesCome(() => {
      if (this.#received.length > 0) visitor.write(this.#received);
      this.#received = Buffer.alloc(0);
    });
    void this.ended.then(() => visitor.end());
    visitor
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => this.write(bytes))
      .on('close', () => this.#send(Buffer.alloc(0), flag.fin));
  }

  /** Answers the one JSON request that this stream carries, and ends it. */
  onRequest(answer: (request: unknown) => object): void {
    let answered = false;
    this.#whenBytesCome(() => {
      const request = answered ? undefined : parsed(this.#received.toString());
      if (request === undefined) return;
      answered = true;
      this.#send(Buffer.from(JSON.stringify(answer(request))), flag.fin);
    });
  }

  take(payload: Buffer, last: boolean): void {
    this.#received = Buffer.concat([this.#received, payload]);
    if (this.kind === null && this.#received.length >= 4) {
      this.kind = this.#received.readUInt32BE(0);
      this.#received = this.#received.subarray(4);
    }
    this.#onBytes();
    if (last) this.#finish(this.#received);
  }

  #whenBytesCome(then: () => void): void {
    this.#onBytes = then;
    then();
  }
}

/** Undefined while the text is not complete yet. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
