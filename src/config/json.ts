import type { Json } from '../core/canonical.ts';

export type JsonObject = Readonly<Record<string, Json>>;

/** Why a text is not JSON, and where: both counted from 1, columns in UTF-16 code units. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, at: number) {
    super(message);
    const before = text.slice(0, at).split('\n');
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }
}

const deepest = 100;
const space = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const word = /true|false|null/y;

/**
 * RFC 8259, as JSON.parse reads it, but a key that stands twice is a fault (the last would silently win), as is the key
 * `__proto__`; and faults are told with their line, in the same words under every version of Node. Throws JsonFault.
 */
export function parseJson(text: string): Json {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value(0);
    if (this.#at < this.#text.length) throw this.#fault('something follows after the end');
    return value;
  }

  #value(depth: number): Json {
    if (depth > deepest) throw this.#fault('it is nested too deeply');
    this.#take(space);
    const value = this.#inner(depth);
    this.#take(space);
    return value;
  }

  #inner(depth: number): Json {
    if (this.#skip('{')) return this.#object(depth);
    if (this.#skip('[')) return this.#list(depth);
    if (this.#text[this.#at] === '"') return this.#string();
    const literal = this.#take(number) ?? this.#take(word);
    if (literal === null) throw this.#fault('a value is expected here');
    return plain(literal);
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#take(space);
    if (this.#skip('}')) return {};
    do {
      this.#take(space);
      const at = this.#at;
      const key = this.#key();
      if (members.has(key)) throw this.#fault('the same key stands here twice', at);
      if (key === '__proto__') throw this.#fault('the key __proto__ is not allowed', at);
      members.set(key, this.#value(depth + 1));
    } while (this.#skip(','));
    if (!this.#skip('}')) throw this.#fault('a comma or } is expected here');
    return Object.fromEntries(members);
  }

  #key(): string {
    if (this.#text[this.#at] !== '"') throw this.#fault('a key in double quotes is expected here');
    const key = this.#string();
    this.#take(space);
    if (!this.#skip(':')) throw this.#fault('a colon is expected here');
    return key;
  }

  #list(depth: number): Json[] {
    const items: Json[] = [];
    this.#take(space);
    if (this.#skip(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']')) throw this.#fault('a comma or ] is expected here');
    return items;
  }

  #string(): string {
    const quoted = this.#take(string);
    if (quoted === null) throw this.#fault('this text does not end, or holds a character that must be escaped');
    return String(JSON.parse(quoted));
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }

  #fault(message: string, at = this.#at): JsonFault {
    return new JsonFault(message, this.#text, at);
  }
}

function plain(literal: string): Json {
  if (literal === 'null') return null;
  if (literal === 'true' || literal === 'false') return literal === 'true';
  return Number(literal);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
