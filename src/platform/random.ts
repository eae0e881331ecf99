import { randomBytes } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { Random } from '../core/ports.ts';

/** The operating system's randomness. An id is 21 characters of nanoid's URL-safe alphabet: 126 bits. */
export const systemRandom: Random = {
  id: () => nanoid(),
  bytes: (length) => randomBytes(length),
};
