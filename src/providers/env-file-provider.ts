import { VaultError } from '../core/errors.ts';
import type { Provider } from '../core/ports.ts';
import type { Entry } from '../core/request.ts';
import { Secret } from '../core/secret.ts';
import { oneLine } from '../core/text.ts';
import { stampOf } from '../platform/files.ts';
import { shared } from '../platform/shared.ts';
import { dotenvParser } from './dotenv-parser.ts';
import type { EnvFile } from './env-file-place.ts';
import { readExistingEnvFile } from './env-file-read.ts';
import { envFileWarnings } from './env-file-warnings.ts';
import { envFileWriter } from './env-file-writer.ts';

/** Secrets in a dotenv file, read anew for each request, so that whoever edits it while we run is heard. */
export function envFileProvider(file: EnvFile): Provider {
  const warnings = envFileWarnings(file);
  // However many calls come at once, the file is in memory a few times, not once for each of them.
  const values = shared(async (): Promise<ReadonlyMap<string, string>> => {
    const { text, owner } = await readExistingEnvFile(file);
    await warnings.about(owner);
    return (await dotenvParser())(text);
  });
  const names = rememberedNames(file, values);
  return {
    list: async () => [...(await names())].map(entryOf),
    resolve: async (asked) => {
      const known = await names();
      return asked.map((name) => (known.has(name) ? entryOf(name) : null));
    },
    fetch: async (entries) => {
      const known = await values();
      return entries.map(({ id }) => secretIn(known, id, file));
    },
    writer: envFileWriter(file, warnings),
    close: async () => undefined,
  };
}

/** The names, read again whenever the file has changed. Values are never remembered. */
function rememberedNames(
  file: EnvFile,
  values: () => Promise<ReadonlyMap<string, string>>,
): () => Promise<ReadonlySet<string>> {
  let known: { stamp: string; names: ReadonlySet<string> } | null = null;
  return shared(async () => {
    const stamp = await stampOf(file.path);
    if (known !== null && known.stamp === stamp) return known.names;
    const names = new Set((await values()).keys());
    known = stamp === null ? null : { stamp, names };
    return names;
  });
}

function entryOf(name: string): Entry {
  return { id: name, name };
}

function secretIn(known: ReadonlyMap<string, string>, name: string, file: EnvFile): Secret {
  const value = known.get(name);
  if (value === undefined)
    throw new VaultError('secret_unknown', `${oneLine(name)} is no longer in the env file ${file.shown}`);
  return new Secret(value);
}
