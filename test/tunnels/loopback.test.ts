import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/tunnels/loopback.ts';
import { ngrok } from '../../src/tunnels/ngrok.ts';

describe('the address of a stand-in for ngrok', () => {
  it.each(['localhost:8443', '127.0.0.1:1', '127.9.8.7:65535'])('may be %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each([
    'connect.ngrok-agent.com:443',
    'localhost.evil.test:443',
    '127.0.0.1.evil.test:443',
    'evil.test#localhost:443',
    'localhost',
    'localhost:0',
    'localhost:65536',
    'localhost:44e1',
    '0.0.0.0:443',
    '10.0.0.1:443',
    '127.1:443',
    '0x7f000001:443',
    '[::1]:443',
    ' localhost:443',
    'localhost:443:443',
    '',
  ])('may not be "%s"', (address) => {
    expect(isLoopback(address)).toBe(false);
    expect(ngrok.options.safeParse({ ngrokAuthToken: 't', server_addr: address }).success).toBe(false);
  });

  it('is needed where an authority is named', () => {
    expect(ngrok.options.safeParse({ ngrokAuthToken: 't', root_cas: 'ca.pem' }).success).toBe(false);
  });
});
