import type { PluginPorts, VaultConfig } from './config.ts';
import { asVaultError } from '../core/errors.ts';
import type { Provider, Vault } from '../core/ports.ts';
import type { VaultError } from '../core/errors.ts';

/** Opens what the config says, and keeps what is open already. */
export interface VaultOpener {
  /** Of vaults with the same source as before, the provider stays the same; those that are gone are closed. */
  of(configs: readonly VaultConfig[]): Promise<readonly Vault[]>;
}

type Opened = Provider | VaultError;

export function openVaults(ports: PluginPorts): VaultOpener {
  /** By the function that opens it, which is a source's identity. */
  let open = new Map<unknown, Promise<Opened>>();
  return {
    async of(configs) {
      const before = open;
      open = new Map(
        configs.map((config) => [sourceOf(config), before.get(sourceOf(config)) ?? opened(config, ports)]),
      );
      for (const [source, provider] of before) if (!open.has(source)) void closed(provider);
      return Promise.all(configs.map((config) => vaultOf(config, open)));
    },
  };
}

async function vaultOf(config: VaultConfig, open: ReadonlyMap<unknown, Promise<Opened>>): Promise<Vault> {
  const { name, type, policy } = config;
  const provider = await (open.get(sourceOf(config)) ?? Promise.reject(new Error('a vault that was not opened')));
  return { name, type, policy, provider };
}

function sourceOf(config: VaultConfig): unknown {
  return 'unavailable' in config ? config.unavailable : config.open;
}

async function opened(config: VaultConfig, ports: PluginPorts): Promise<Opened> {
  if ('unavailable' in config) return config.unavailable;
  try {
    return await config.open(ports);
  } catch (thrown) {
    return asVaultError(thrown, 'vault_unavailable', `vault "${config.name}" cannot be opened`);
  }
}

async function closed(provider: Promise<Opened>): Promise<void> {
  const opened = await provider;
  if ('close' in opened) await opened.close().catch(() => undefined);
}
