import { join } from 'node:path';
import { z } from 'zod';
import { systemRandom } from '../platform/random.ts';
import type { StateFile } from '../platform/state-file.ts';
import { openStateFile } from '../platform/state-file.ts';
import type { NoteSigner } from './note.ts';
import { createSigner } from './note.ts';

/** Signs checkpoints with the key in `audit.key`, which is made on first use. Rejects with `config_invalid` if it cannot be had. */
export async function openAuditKey(stateFolder: string): Promise<NoteSigner> {
  const file = keyFile(stateFolder);
  const seed = (await file.read()) ?? (await file.change((now) => now ?? newSeed()));
  return signerOf(seed ?? '');
}

/** The public key, for whoever is to check the log ("agent-vault/audit+id+key"); null while there is none. Rejects as above. */
export async function auditPublicKey(stateFolder: string): Promise<string | null> {
  const seed = await keyFile(stateFolder).read();
  return seed === null ? null : signerOf(seed).vkey;
}

const name = 'agent-vault/audit';

/** The 32 bytes of an Ed25519 key, in base64. */
const schema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/u)
  .nullable();

function keyFile(stateFolder: string): StateFile<string | null> {
  return openStateFile({ path: join(stateFolder, 'audit.key'), parse: (json) => schema.parse(json), empty: null });
}

function newSeed(): string {
  return Buffer.from(systemRandom.bytes(32)).toString('base64');
}

function signerOf(seed: string): NoteSigner {
  return createSigner(name, Buffer.from(seed, 'base64'));
}
