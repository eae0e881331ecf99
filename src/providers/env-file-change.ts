import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VaultError } from '../core/errors.ts';
import type { PlannedWrite } from '../core/request.ts';
import type { Secret } from '../core/secret.ts';
import { oneLine, shortened } from '../core/text.ts';
import { withValues } from './dotenv-edit.ts';
import { unholdable } from './dotenv-forms.ts';
import { dotenvParser } from './dotenv-parser.ts';
import type { DotenvParser } from './dotenv-parser.ts';
import { slowToParse } from './dotenv-slowness.ts';
import { unwritableName } from './env-file-names.ts';
import { realPlace } from './env-file-place.ts';
import type { EnvFile } from './env-file-place.ts';
import { largestEnvFile, readEnvFile } from './env-file-read.ts';
import type { EnvText } from './env-file-read.ts';
import { isWritableByAll } from './env-file-warnings.ts';

export interface NamedValue {
  readonly name: string;
  readonly value: Secret;
}

/** An env file that may be written, as it is now; one that does not exist yet is empty. */
export interface CurrentEnv {
  readonly before: EnvText | null;
  readonly text: string;
  readonly known: ReadonlyMap<string, string>;
  readonly parse: DotenvParser;
}

/** Throws `value_unwritable` for the first name or value that no env file should or can hold. */
export function refuseUnholdable(writes: readonly NamedValue[]): void {
  const seen = new Set<string>();
  for (const { name, value } of writes) {
    const refused = unwritableName(name);
    if (refused !== null) throw unwritable(`${oneLine(shortened(name, 256))} cannot be written: it ${refused}`);
    if (seen.has(name)) throw unwritable(`${name} cannot be written: it is named twice`);
    seen.add(name);
    const text = value.reveal();
    const slow = slowToParse(text);
    const flaw = unholdable(text) ?? (slow === null ? null : `holds ${slow}`);
    if (flaw !== null) throw unwritable(`an env file cannot hold this value for ${name}: it ${flaw}`);
  }
}

/** Where a write goes: the file, or what it is linked to inside the config's folder. Throws `provider_refused` if it leads elsewhere. */
export async function writablePath(file: EnvFile): Promise<string> {
  const { path, strays } = await realPlace(file);
  if (strays)
    throw refused(
      file,
      "is linked to a place outside the config's folder",
      'name the place itself as "file" in the config',
    );
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw refused(
      file,
      'is in a folder that may not be written',
      'let the user that runs agent-vault write the folder',
      cause,
    );
  });
  return path;
}

/** Throws `provider_refused` where the file must not be written. */
export async function currentEnv(file: EnvFile, path: string): Promise<CurrentEnv> {
  const before = await readEnvFile(file, path);
  if (before !== null) refuseUnsafe(file, before);
  const parse = await dotenvParser();
  const text = before?.text ?? '';
  return { before, text, known: parse(text), parse };
}

/** What the file will hold. Throws `value_unwritable` if that cannot be without loss. */
export function editedBytes(file: EnvFile, { text, known, parse }: CurrentEnv, writes: readonly NamedValue[]): Buffer {
  for (const { name } of writes) {
    if (known.get(name)?.startsWith('encrypted:') !== true) continue;
    throw unwritable(`${name} cannot be written: its value is encrypted by dotenvx`, 'set it with "dotenvx set"');
  }
  const values = new Map(writes.map(({ name, value }) => [name, value.reveal()]));
  const tooLarge = unwritable(`the env file ${file.shown} would become larger than 4 MiB`);
  // Before the edit too, which would take its time for them.
  if (Buffer.byteLength([...values.values()].join('')) > largestEnvFile) throw tooLarge;
  const slow = slowToParse([text, ...values.values()].join("='"));
  if (slow !== null) throw unwritable(`the env file ${file.shown} would have ${slow}`);
  const bytes = Buffer.from(withValues(text, values, parse));
  if (bytes.length > largestEnvFile) throw tooLarge;
  return bytes;
}

export function effectOf(name: string, { known }: CurrentEnv): PlannedWrite['effect'] {
  return known.has(name) ? 'replace' : 'create';
}

function refuseUnsafe(file: EnvFile, { text, bytes, owner }: EnvText): void {
  if (isWritableByAll(owner.mode)) throw refused(file, 'can be written by every user', `chmod o-w ${file.shown}`);
  if ((owner.mode & 0o200) === 0) throw refused(file, 'is read-only', `chmod u+w ${file.shown}`);
  if (!Buffer.from(text).equals(bytes)) throw refused(file, 'is not UTF-8 throughout', 'save it as UTF-8');
}

function refused(file: EnvFile, why: string, hint: string, cause?: unknown): VaultError {
  return new VaultError('provider_refused', `the env file ${file.shown} is not written: it ${why}`, { hint, cause });
}

function unwritable(message: string, hint?: string): VaultError {
  return new VaultError('value_unwritable', message, hint === undefined ? {} : { hint });
}
