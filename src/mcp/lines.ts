import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/**
 * Passes on whole lines only. The SDK joins a message to what it has with every piece of input and looks through all of it
 * again, which for a long message takes the square of its length.
 * Fails, with an Error, on a line of more than `longest` bytes.
 */
export class WholeLines extends Transform {
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(longest: number) {
    super();
    this.#longest = longest;
  }

  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const end = piece.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      this.push(Buffer.concat([...this.#pieces, piece.subarray(0, end)]));
      this.#pieces = [];
      this.#length = 0;
    }
    const rest = piece.subarray(end);
    this.#length += rest.length;
    if (rest.length > 0) this.#pieces.push(rest);
    done(this.#length > this.#longest ? new Error(`a line of more than ${this.#longest} bytes`) : null);
  }
}
