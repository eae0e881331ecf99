import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { challenge, Refused, signed } from '../person.ts';
import { domain, tokens } from '../scene.ts';
import { formOf } from '../visitor.ts';

/** Through the address at which the person’s phone looks. */
export const tunnel: readonly Attack[] = [
  {
    id: 'tunnel-taken',
    title: 'bring the paired host online first, with the tunnel’s token, and have the person sign there',
    gives: 'shell',
    kind: 'approval',
    claims: claim.passkey,
    async run(scene) {
      const { forward } = await import('@ngrok/ngrok');
      const { edge, caFile } = scene.world;
      const own = { addr: scene.port + 100, authtoken: tokens.NGROK_TOKEN, domain };
      const taken = await forward({ ...own, server_addr: edge.address, root_cas: caFile });
      scene.onClose(() => taken.close());
      const asked = await scene.ask(await scene.start());
      for (const origin of [`https://${domain}`, `http://localhost:${scene.port}`]) {
        const visitor = scene.visitor(origin);
        const form = formOf((await visitor.get(asked.path)).body);
        const begun = await challenge(visitor, asked.path, form).catch(ignoreRefusal);
        // The agent’s page is at the paired host: there the phone signs whatever it is given.
        if (begun !== null) await visitor.post(asked.path, { ...form, ...signed(begun, scene.person.phone) });
      }
      return scene.wasApproved(asked);
    },
  },
];

function ignoreRefusal(thrown: unknown): null {
  if (thrown instanceof Refused || thrown instanceof SyntaxError) return null;
  throw thrown;
}
