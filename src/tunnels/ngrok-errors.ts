import { VaultError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';

interface Words {
  readonly message: string;
  readonly hint: string;
}

const badToken: Words = {
  message: 'ngrok does not accept the authtoken',
  hint: 'copy it afresh from https://dashboard.ngrok.com/get-started/your-authtoken into ngrokAuthToken',
};
const plan: Words = {
  message: "the ngrok account's plan does not allow this tunnel",
  hint: 'see https://dashboard.ngrok.com, or choose another ngrokDomain',
};
const quota: Words = {
  message: "the ngrok account's limit is used up",
  hint: 'see the usage at https://dashboard.ngrok.com',
};
const unownedDomain: Words = {
  message: 'the ngrok account does not own this ngrokDomain',
  hint: 'https://dashboard.ngrok.com/domains lists the domains of the account',
};

/** By number of ERR_NGROK_n (https://ngrok.com/docs/errors). */
const words: ReadonlyMap<number, Words> = new Map([
  [105, badToken],
  [107, badToken],
  [4018, { ...badToken, message: 'ngrok was given no authtoken' }],
  [
    108,
    {
      message: 'the ngrok account runs as many agents as it may',
      hint: 'stop another one: https://dashboard.ngrok.com/agents',
    },
  ],
  [121, { message: 'ngrok does not support this version of its client any more', hint: 'install a newer agent-vault' }],
  [313, plan],
  [324, plan],
  [326, unownedDomain],
  [15013, unownedDomain],
  [
    334,
    {
      message: 'the ngrok address is already online elsewhere, and approval pages must not share it with a stranger',
      hint: 'stop the other process, perhaps an agent-vault that runs (https://dashboard.ngrok.com/endpoints shows it), or set another ngrokDomain',
    },
  ],
  [725, quota],
  [727, quota],
  [734, quota],
]);

const unreachable: Words = {
  message: 'ngrok cannot be reached',
  hint: 'is this machine online, and may it connect to connect.ngrok-agent.com:443?',
};
const untrusted: Words = {
  message: 'the connection to ngrok is not trustworthy or was cut while it was made',
  hint: 'a proxy that inspects TLS does this; ngrok must be reached without it',
};

/** Why there is no tunnel, in our words. ngrok's own text can repeat the authtoken: it stays in `cause`, without it. */
export function ngrokError(foreign: string, token: Secret): VaultError {
  const text = foreign.replaceAll(token.reveal(), '[authtoken]');
  const { message, hint } = chosen(text);
  return new VaultError('tunnel_unavailable', message, { hint, cause: new Error(text) });
}

export function ngrokSilent(seconds: number): VaultError {
  return new VaultError('tunnel_unavailable', `ngrok did not answer within ${seconds} seconds`, {
    hint: unreachable.hint,
  });
}

export function ngrokEnded(): VaultError {
  return new VaultError('tunnel_unavailable', 'the ngrok client ended unexpectedly');
}

export function ngrokMissing(foreign: string): VaultError {
  return new VaultError('tunnel_unavailable', 'the ngrok client is not installed, or not for this platform', {
    hint: 'npm install @ngrok/ngrok (with -g if agent-vault is installed globally)',
    cause: new Error(foreign),
  });
}

function chosen(text: string): Words {
  const code = /ERR_NGROK_(\d{1,6})/u.exec(text)?.[1];
  if (code !== undefined) return words.get(Number(code)) ?? refused(code);
  if (text.includes('tls handshake')) return untrusted;
  if (text.includes('failed to connect session')) return unreachable;
  return { message: 'ngrok could not open the tunnel', hint: 'see https://status.ngrok.com' };
}

function refused(code: string): Words {
  return {
    message: `ngrok refuses the tunnel (ERR_NGROK_${code})`,
    hint: `see https://ngrok.com/docs/errors/err_ngrok_${code}`,
  };
}
