const inspect = Symbol.for('nodejs.util.inspect.custom');
const mask = '[secret]';

/** A secret's value. Prints as a mask wherever it is printed; `reveal()` is the one way out, to be called at the last step only. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect](): string {
    return mask;
  }
}
