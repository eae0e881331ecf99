import { describe, expect, it } from 'vitest';
import { enrolmentHost } from '../../src/approvers/hosts.ts';

async function refusal(origin: string): Promise<string> {
  const host = await enrolmentHost(origin);
  return 'refused' in host ? host.refused : 'not refused';
}

describe('a passkey', () => {
  it.each([
    ['https://vault.example.com', 'vault.example.com'],
    ['https://example.com', 'example.com'],
    ['https://calm-owl.ngrok-free.app', 'calm-owl.ngrok-free.app'],
    ['https://calm-owl.ngrok-free.dev', 'calm-owl.ngrok-free.dev'],
    ['https://box.tailnet.ts.net', 'box.tailnet.ts.net'],
    ['https://vault.example.com:8443', 'vault.example.com'],
    ['https://vault.test', 'vault.test'],
  ])('can be enrolled at %s, for the full host', async (origin, rpId) => {
    expect(await enrolmentHost(origin)).toEqual({ rpId, warning: null });
  });

  it.each([
    'https://abc-9999.euw.devtunnels.ms',
    'https://abc.loca.lt',
    'https://abc.serveo.net',
    'https://abc.lhr.life',
    'https://abc.lhrtunnel.link',
    'https://abc.free.pinggy.link',
    'https://abc.ngrok-free.pizza',
    'https://abc.share.zrok.io',
    'https://abc-9999.app.github.dev',
    'https://192-0-2-1.sslip.io',
  ])('is not enrolled at %s, whose domain others share, and the reason is said', async (origin) => {
    expect(await refusal(origin)).toContain('other people have hosts under');
    expect(await refusal(origin)).toContain('agent-vault pair --totp');
  });

  it.each([
    ['https://192.0.2.1', 'a bare IP address'],
    ['https://[2001:db8::1]', 'a bare IP address'],
    ['https://2130706433', 'not the address of a site'],
    ['http://localhost:9999', 'a name of this machine'],
    ['https://localhost', 'a name of this machine'],
    ['https://vault.localhost', 'a name of this machine'],
    ['https://devbox', 'a name of this machine'],
    ['http://vault.example.com', 'Passkeys need https'],
    ['https://ngrok-free.app', 'one that many share'],
    ['https://co.uk', 'one that many share'],
    ['https://vault.example.com.', 'one that many share'],
    ['https://vault.example.com/path', 'not the address of a site'],
    ['vault.example.com', 'not the address of a site'],
    ['', 'not the address of a site'],
  ])('is not enrolled at %j: %s', async (origin, why) => {
    expect(await refusal(origin)).toContain(why);
  });

  it('can be enrolled at a host that is named anew at every start, with a plain warning', async () => {
    const host = await enrolmentHost('https://some-random-words.trycloudflare.com');
    expect(host).toMatchObject({ rpId: 'some-random-words.trycloudflare.com' });
    expect(host).toHaveProperty('warning', expect.stringContaining('changes at every start'));
  });
});
