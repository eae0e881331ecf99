import { setTimeout } from 'node:timers/promises';
import type { PluginPorts, VaultConfig } from '../config/config.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { failure } from './failure.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

/** Milliseconds for one vault's list. */
const patienceMs = 15_000;

/** Asks every provider what secrets there are, all at once, and takes no value. */
export async function checkVaults(vaults: readonly VaultConfig[], ports: PluginPorts): Promise<readonly Finding[]> {
  const found = await Promise.all(vaults.map((vault) => checkVault(vault, ports)));
  return found.flat();
}

async function checkVault(vault: VaultConfig, ports: PluginPorts): Promise<readonly Finding[]> {
  const check = `vault ${vault.name}`;
  if ('unavailable' in vault) return [failure(check, vault.unavailable, '')];
  const heard: Finding[] = [];
  const log = listening(check, heard);
  try {
    const provider = await vault.open({ ...ports, log });
    const signal = AbortSignal.timeout(patienceMs);
    const listed = provider.list({ signal });
    try {
      const entries = await Promise.race([listed, late()]);
      return [ok(check, `${vault.type} answers, with ${counted(entries.length)}`), ...heard];
    } finally {
      listed.catch(() => undefined);
      await provider.close();
    }
  } catch (thrown) {
    return [failure(check, thrown, `${vault.type} does not work`), ...heard];
  }
}

async function late(): Promise<never> {
  await setTimeout(patienceMs, undefined, { ref: false });
  throw new VaultError('provider_unavailable', `no answer within ${patienceMs / 1000} seconds`);
}

/** What a provider warns of when it is opened and asked is worth knowing here too. */
function listening(check: string, heard: Finding[]): Log {
  const hear = (message: string, hint?: string): void => {
    heard.push(note(check, message, hint ?? null));
  };
  return { say: (message) => hear(message), warn: hear, once: hear };
}

function counted(secrets: number): string {
  return `${secrets} secret${secrets === 1 ? '' : 's'}`;
}
