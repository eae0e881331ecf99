import { expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { tunnelPlugins } from '../../src/tunnels/index.ts';
import { none } from '../../src/tunnels/none.ts';

it('none stays on this machine', async () => {
  const context = {
    place: 'tunnel',
    folder: '.',
    clock: systemClock,
    random: systemRandom,
    log: createLog(() => undefined),
  };
  const tunnel = await none.open({}, context).connect(4321);
  expect(tunnel.origin()).toBe('http://localhost:4321');
  await tunnel.close();
});

it('every tunnel has a type of its own', () => {
  expect(tunnelPlugins.map(({ type }) => type).sort()).toEqual(['ngrok', 'none']);
});
