import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Keyed } from '../config/described.ts';
import { openStateFile } from '../platform/state-file.ts';
import { systemRandom } from '../platform/random.ts';

/** HMAC-SHA256 in hex, with the 32 bytes of `trust.key`, which is made on first use. Rejects with `config_invalid` if it cannot be had. */
export async function openKey(stateFolder: string): Promise<Keyed> {
  const file = openStateFile({
    path: join(stateFolder, 'trust.key'),
    parse: (json) => schema.parse(json),
    empty: null,
  });
  const key = (await file.read()) ?? (await file.change((now) => now ?? newKey()));
  return keyedWith(Buffer.from(key ?? '', 'hex'));
}

/** Hashes that mean nothing to anybody else, nor to this process's next run. */
export function passingKey(): Keyed {
  return keyedWith(systemRandom.bytes(32));
}

const schema = z
  .string()
  .regex(/^[\da-f]{64}$/u)
  .nullable();

function newKey(): string {
  return Buffer.from(systemRandom.bytes(32)).toString('hex');
}

function keyedWith(key: Uint8Array): Keyed {
  return (value) => createHmac('sha256', key).update(value).digest('hex');
}
