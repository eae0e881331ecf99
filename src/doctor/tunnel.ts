import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import type { Approvers } from '../approvers/records.ts';
import type { PluginPorts, TunnelConfig } from '../config/config.ts';
import type { OpenTunnel } from '../core/ports.ts';
import { failure } from './failure.ts';
import type { Finding } from './finding.ts';
import { note, ok, problem } from './finding.ts';

const check = 'tunnel';

export interface TunnelCheck {
  readonly findings: readonly Finding[];
  /** Where it opened; null if it did not, or stays on this machine. */
  readonly origin: string | null;
}

/** Opens the tunnel for a moment, to a port where nobody answers, and takes it down again. Null: none is configured. */
export async function checkTunnel(tunnel: TunnelConfig | null, ports: PluginPorts): Promise<TunnelCheck> {
  if (tunnel === null)
    return told(
      note(
        check,
        'no ngrok token: approval links work on this machine only',
        'set ngrokAuthToken in the config, or NGROK_AUTHTOKEN in the environment (free at ngrok.com)',
      ),
    );
  if (tunnel.type === 'none') return told(ok(check, 'none, on purpose: approval links work on this machine only'));
  try {
    const origin = await originOf(tunnel, ports);
    if (origin === null) return told(problem(check, `${tunnel.type} opened and was gone at once`));
    return { findings: [ok(check, `${tunnel.type} opens at ${origin}`)], origin };
  } catch (thrown) {
    return told(
      isOnlineElsewhere(thrown) ? online(tunnel.type) : failure(check, thrown, `${tunnel.type} does not open`),
    );
  }
}

/** Whether the passkeys count at the address that the tunnel has now. @param origin null if it is not known */
export function checkPinnedHosts({ approvers }: Approvers, origin: string | null): readonly Finding[] {
  if (origin === null) return [];
  const elsewhere = approvers.filter((each) => each.factor === 'passkey').filter((each) => each.origin !== origin);
  return elsewhere.map((each) =>
    problem(
      check,
      `the passkey "${each.name}" counts at ${each.origin} only, and the tunnel is at ${origin}`,
      `set ngrokDomain to ${each.rpId}, or pair again at the address of now`,
    ),
  );
}

async function originOf(tunnel: TunnelConfig, ports: PluginPorts): Promise<string | null> {
  const deafEnd = createServer((socket) => socket.destroy());
  await once(deafEnd.listen(0, '127.0.0.1'), 'listening');
  let opened: OpenTunnel | null = null;
  try {
    opened = await tunnel.open(ports).connect(portOf(deafEnd));
    return URL.parse(opened.origin() ?? '')?.origin ?? null;
  } finally {
    await opened?.close();
    deafEnd.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

/** The number stands in ngrok's own text, which is kept behind the message. */
function isOnlineElsewhere(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.cause instanceof Error && /\bERR_NGROK_334\b/u.test(thrown.cause.message);
}

function online(type: string): Finding {
  return note(
    check,
    `the ${type} address is online already (ERR_NGROK_334): by an agent-vault that runs now, or by somebody else who has the token`,
    'end what runs agent-vault and look again; if it is still online, replace the token at https://dashboard.ngrok.com',
  );
}

function told(...findings: Finding[]): TunnelCheck {
  return { findings, origin: null };
}
