import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { Log, Provider, Random, Tunnel } from './ports.ts';

/** What a plug-in is given when it is opened. */
export interface PluginContext {
  /** The vault's name, or the plug-in's place in the config: for messages. */
  readonly place: string;
  /** The folder of the config file; relative paths start here. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A provider: its `type` in the config, the keys it adds there, and how to open it. Opening contacts nothing and may throw VaultError. */
export interface ProviderPlugin<Options extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  /** One line for the config reference. */
  readonly about: string;
  readonly options: Options;
  open(options: z.infer<Options>, context: PluginContext): Promise<Provider>;
}

export function defineProvider<Options extends z.ZodObject>(plugin: ProviderPlugin<Options>): ProviderPlugin<Options> {
  return plugin;
}

export interface TunnelPlugin<Options extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  readonly options: Options;
  /** Opens nothing yet: `connect` does. */
  open(options: z.infer<Options>, context: PluginContext): Tunnel;
}

export function defineTunnel<Options extends z.ZodObject>(plugin: TunnelPlugin<Options>): TunnelPlugin<Options> {
  return plugin;
}
