import { hostname } from 'node:os';
import type { Clock } from '../core/clock.ts';
import type { Secret } from '../core/secret.ts';
import { packageVersion } from '../platform/package.ts';
import type { FormatContext, FormatPlugin, Sink, Target } from './formats/define.ts';
import { httpSink } from './http-sink.ts';
import type { Resolve } from './send.ts';
import { signingKey } from './sign.ts';

/** One webhook of the config, checked. */
export interface EndpointOptions {
  readonly plugin: FormatPlugin;
  /** What `plugin.options` made of the keys that the format adds. */
  readonly options: Record<string, unknown>;
  readonly url: string;
  readonly authorization?: Secret;
  /** What messages are signed with; several while receivers change from one to the other. */
  readonly secrets: readonly Secret[];
  readonly allowPrivate: boolean;
  /** PEM text of the authorities to trust instead of the usual ones. */
  readonly ca?: string;
}

export interface SinkPorts {
  readonly clock: Clock;
  /** How hosts are looked up; for tests. */
  readonly resolve?: Resolve;
}

/** Opens no connection. Rejects with a VaultError where a signing secret cannot be used, or something has to be installed first. */
export async function openSink(endpoint: EndpointOptions, { clock, resolve }: SinkPorts): Promise<Sink> {
  const { plugin, options, authorization = null, ca = null, allowPrivate } = endpoint;
  const context: FormatContext = { clock, host: hostname(), version: packageVersion() };
  const target: Target = {
    url: new URL(endpoint.url),
    authorization,
    allowPrivate,
    ca,
    ...(resolve !== undefined && { resolve }),
  };
  if ('sink' in plugin) return plugin.sink(options, target, context);
  return httpSink({ format: plugin.format(options, context), target, context, keys: endpoint.secrets.map(signingKey) });
}
