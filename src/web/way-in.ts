import { asVaultError } from '../core/errors.ts';
import type { Log, OpenTunnel, Tunnel } from '../core/ports.ts';

/** The public way to this machine's port, if there is one. */
export interface WayIn {
  /** The tunnel's origin at this moment; null without a tunnel, before it is open, and while it is down. */
  readonly origin: () => string | null;
  /** Opens the tunnel unless it is open. Never rejects: returns why the link works on this machine only, or null. */
  open(port: number): Promise<string | null>;
  /** Closes the tunnel, also one that is still being opened. */
  close(): Promise<void>;
}

export function createWayIn(tunnel: Tunnel | null, log: Log): WayIn {
  let opening: Promise<OpenTunnel> | null = null;
  let opened: OpenTunnel | null = null;
  let closed = false;

  const connect = async (to: Tunnel, port: number): Promise<OpenTunnel> => {
    const way = await to.connect(port);
    if (!closed) opened = way;
    return way;
  };

  const origin = (): string | null => normalOrigin(opened?.origin() ?? null);

  return {
    origin,
    async open(port) {
      if (tunnel === null) {
        log.once('no tunnel is configured: approval links work on this machine only', localOnlyHint);
        return null;
      }
      const shared = (opening ??= connect(tunnel, port));
      try {
        await shared;
      } catch (thrown) {
        if (opening === shared) opening = null;
        return localOnly(asVaultError(thrown, 'tunnel_unavailable', 'the tunnel could not be opened').message);
      }
      return origin() === null ? localOnly('the tunnel is down at the moment') : null;
    },
    async close() {
      closed = true;
      const way = await opening?.catch(() => null);
      opened = null;
      await way?.close();
    },
  };
}

const localOnlyHint =
  'to approve from a phone, set "ngrokAuthToken" in the config, or NGROK_AUTHTOKEN in the environment (free at ngrok.com)';

function localOnly(reason: string): string {
  return `this link works on this machine only: ${reason}`;
}

/** As browsers write it in `Origin`. Null for anything that is not the origin of a web page. */
function normalOrigin(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : null;
}
