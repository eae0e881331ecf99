import { VaultError } from '../core/errors.ts';
import type { Failure } from '../core/errors.ts';
import { readSteadily } from '../platform/files.ts';
import type { FileOwner, FileTrouble } from '../platform/files.ts';
import { slowToParse } from './dotenv-slowness.ts';
import type { EnvFile } from './env-file-place.ts';

export interface EnvText {
  /** Read as dotenv reads it: bytes that are not UTF-8 become U+FFFD. */
  readonly text: string;
  readonly bytes: Buffer;
  readonly owner: FileOwner;
}

/** Bytes. dotenv itself fails at 16 MB. */
export const largestEnvFile = 4 * 1024 * 1024;

/** The file as it is now; null if there is none. Throws `vault_unavailable` where somebody has to mend the file or the config. */
export async function readEnvFile(file: EnvFile, path = file.path): Promise<EnvText | null> {
  const read = await readSteadily(path, largestEnvFile);
  if (read.kind === 'missing') return null;
  if (read.kind !== 'file') throw troubleWith(file, troubles[read.kind], read.cause);
  if (isUtf16(read.bytes)) throw troubleWith(file, utf16);
  const text = read.bytes.toString('utf8');
  const slow = slowToParse(text);
  if (slow !== null) throw troubleWith(file, unavailable(`has ${slow}`, 'remove blank lines from it'));
  return { text, bytes: read.bytes, owner: read.owner };
}

/** There must be one. */
export async function readExistingEnvFile(file: EnvFile): Promise<EnvText> {
  const read = await readEnvFile(file);
  if (read === null) throw troubleWith(file, missing);
  return read;
}

interface Trouble {
  readonly failure: Failure;
  /** Goes after "the env file X". */
  readonly what: string;
  readonly hint: string;
}

const unavailable = (what: string, hint: string): Trouble => ({ failure: 'vault_unavailable', what, hint });
const correct = 'correct "file" in the config';

const missing = unavailable('does not exist', `create it, or ${correct}; an approved write also creates it`);
const utf16 = unavailable('is in UTF-16', 'save it as UTF-8; "Out-File -Encoding utf8" does that in PowerShell');
const troubles: Record<Exclude<FileTrouble, 'missing'>, Trouble> = {
  folder: unavailable('is a folder', correct),
  special: unavailable('is not a regular file', `${correct}; pipes, sockets and devices are not read`),
  denied: unavailable('may not be read', 'let the user that runs agent-vault read it'),
  'too large': unavailable('is larger than 4 MiB', `${correct}, or split the file`),
  unsteady: {
    failure: 'provider_unavailable',
    what: 'kept changing while it was read',
    hint: 'try again once it is saved',
  },
  failed: {
    failure: 'provider_unavailable',
    what: 'could not be read',
    hint: 'look at the disk and the folder it is on',
  },
};

function troubleWith(file: EnvFile, { failure, what, hint }: Trouble, cause?: unknown): VaultError {
  return new VaultError(failure, `the env file ${file.shown} ${what}`, { hint, cause });
}

function isUtf16(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfffe || bytes.readUInt16BE(0) === 0xfeff);
}
