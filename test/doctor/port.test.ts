import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { checkPort } from '../../src/doctor/port.ts';

describe('the port', () => {
  it('is noted when somebody has it, on either address of this machine, and free afterwards', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const server = createServer();
      await once(server.listen(0, host), 'listening');
      const { port } = server.address() as AddressInfo;
      expect(await checkPort(port)).toMatchObject({
        level: 'note',
        says: expect.stringContaining(`is taken on ${host}`),
      });
      await once(server.close(), 'close');
      expect(await checkPort(port)).toMatchObject({ level: 'ok' });
      expect(await checkPort(port)).toMatchObject({ level: 'ok' });
    }
  });

  it('can be any', async () => {
    expect(await checkPort(0)).toMatchObject({ level: 'ok' });
  });
});
