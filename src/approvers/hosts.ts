/** Where a passkey may be enrolled: its RP ID and what the person should know; or why not there. */
export type EnrolmentHost =
  | { readonly rpId: string; readonly warning: string | null }
  /** In our words, for the terminal. */
  | { readonly refused: string };

/**
 * Judges the public address at which a passkey would be enrolled. The RP ID is the full host, so that no other host can ask for it.
 * @param origin "https://host"
 */
export async function enrolmentHost(origin: string): Promise<EnrolmentHost> {
  const url = URL.parse(origin);
  if (url === null || url.origin !== origin) return { refused: 'That is not the address of a site.' };
  const host = url.hostname;
  const { parse } = await import('./public-suffix.ts');
  const { domain, isIp, publicSuffix } = parse(host, { allowPrivateDomains: true });
  if (isIp === true) return { refused: `${host} is a bare IP address, and passkeys need a name. ${instead}` };
  if (!host.includes('.') || host.endsWith('.localhost')) {
    return { refused: `${host} is a name of this machine, which your phone cannot open. ${instead}` };
  }
  if (url.protocol !== 'https:') return { refused: `Passkeys need https, and this is ${url.protocol}//. ${instead}` };
  if (domain === null || host.endsWith('.')) {
    return { refused: `${host} is not a host of its own but one that many share. ${instead}` };
  }
  if (sharedDomains.has(domain)) return { refused: `${sharedSays(host, domain)} ${instead}` };
  return { rpId: host, warning: passing.has(publicSuffix ?? '') ? passingSays(host) : null };
}

const instead =
  'Use a tunnel with a host of your own (ngrok gives every account one), or an authenticator app: agent-vault pair --totp';

/**
 * Hosts under these belong to different people, but browsers do not know it: they are not on the Public Suffix List
 * (https://publicsuffix.org), or its entry does not reach the name that a tenant gets. So another tenant's page is of the same site
 * as ours: it can set cookies for it, and may ask the phone for passkeys of the whole domain.
 */
const sharedDomains: ReadonlySet<string> = new Set([
  'bore.pub',
  'cloudpub.ru',
  'cloudworkstations.dev',
  'devtunnels.ms',
  'github.dev',
  'gitpod.dev',
  'gitpod.io',
  'gradio.live',
  'idx.dev',
  'instatunnel.my',
  'jprq.live',
  'jprq.site',
  'lhr.life',
  'lhr.rocks',
  'lhrtunnel.link',
  'loca.lt',
  'localcan.dev',
  'localhost.run',
  'localtunnel.me',
  'loclx.io',
  'loophole.site',
  'lvh.me',
  'ngrok-free.pizza',
  'nip.io',
  'nport.link',
  'pagekite.me',
  'pinggy.io',
  'pinggy.link',
  'pinggy.online',
  'pktriot.net',
  'playit.gg',
  'serveo.net',
  'serveousercontent.com',
  'sharedwithexpose.com',
  'sslip.io',
  'traefik.me',
  'tuna.am',
  'tunn.dev',
  'tunnelto.dev',
  'tunnl.gg',
  'xip.io',
  'zrok.io',
]);

/** Suffixes whose hosts get a random name at every start. */
const passing: ReadonlySet<string> = new Set(['trycloudflare.com', 'tunnelmole.net']);

function sharedSays(host: string, domain: string): string {
  return `No passkey is enrolled at ${host}: other people have hosts under ${domain} too, and browsers take all of them for one site.`;
}

function passingSays(host: string): string {
  return `${host} is a name that changes at every start: a passkey enrolled there counts no more once Agent Vault is restarted.`;
}
