import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** An answer: its type, the number of the command, the error if there is one, and the result. */
type Answer = readonly [number, number, { readonly error: string; readonly message: string } | null, unknown];

/** Firefox's own protocol (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html): JSON, each piece after its length. */
export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;
  #unread = Buffer.alloc(0);

  static async connect(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Marionette(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => this.#read(bytes));
  }

  async send(command: string, parameters: object): Promise<unknown> {
    const id = (this.#last += 1);
    const message = JSON.stringify([0, id, command, parameters]);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.write(`${Buffer.byteLength(message)}:${message}`);
    const [, , error, result] = await answered;
    if (error !== null) throw new Error(`${command}: ${error.error}: ${error.message}`);
    return result;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      const start = this.#unread.indexOf(':') + 1;
      const end = start + Number(this.#unread.subarray(0, start - 1));
      if (start === 0 || this.#unread.length < end) return;
      this.#take(JSON.parse(this.#unread.subarray(start, end).toString()));
      this.#unread = this.#unread.subarray(end);
    }
  }

  /** It also greets, with an object. */
  #take(message: unknown): void {
    if (!Array.isArray(message)) return;
    const answer = message as unknown as Answer;
    this.#waiting.get(answer[1])?.(answer);
    this.#waiting.delete(answer[1]);
  }
}
