import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { auditFile } from '../audit/file.ts';
import type { Config } from '../config/config.ts';
import type { Where } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { scrubEnvironment } from '../platform/hardening.ts';
import { statePlace } from '../platform/state.ts';
import type { DatabasePlace } from '../store/admission.ts';

export type { Where } from '../config/find.ts';

/** Where a log is, and what else is known there. */
export interface Place {
  readonly file: DatabasePlace;
  /** Need not exist. */
  readonly stateFolder: string;
  /** Null where the log was named, or no config can be read. */
  readonly config: Config | null;
}

/**
 * The log that is named, else the one that a server started here would write. Where no config can be read but a log lies here, it is
 * that one. Makes nothing. Rejects with `config_invalid`.
 */
export async function findPlace(where: Where, { file, log }: { file: string | null; log: Log }): Promise<Place> {
  const { folder: stateFolder } = statePlace({ env: where.env, log });
  if (file !== null) return { file: { path: resolve(where.cwd, file), followLinks: true }, stateFolder, config: null };
  const config = await configOr(where, log);
  const place = auditFile({
    configured: config?.auditFile ?? null,
    cwd: where.cwd,
    log,
    fallback: () => stateFolder,
  });
  return { file: place, stateFolder, config };
}

async function configOr(where: Where, log: Log): Promise<Config | null> {
  try {
    const config = await loadConfig(where);
    scrubEnvironment(config.tokens);
    return config;
  } catch (thrown) {
    const lying = join(where.cwd, 'agent-vault.db');
    if (!(thrown instanceof VaultError)) throw thrown;
    if (!existsSync(lying)) throw withoutConfig(thrown);
    log.warn(`no config can be read here (${thrown.message}); this is about ${lying}`);
    return null;
  }
}

function withoutConfig({ failure, message, cause }: VaultError): VaultError {
  return new VaultError(failure, message, { hint: 'or name the log with --file', cause });
}
