import { resolve } from 'node:path';
import { z } from 'zod';
import { defineTunnel } from '../core/plugin.ts';
import { Secret } from '../core/secret.ts';
import { isLoopback } from './loopback.ts';

const options = z
  .strictObject({
    ngrokAuthToken: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .transform((token) => new Secret(token)),
    ngrokDomain: z
      .string()
      .trim()
      .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/iu, 'must be a host name such as example.ngrok-free.app, without https://')
      .optional(),
    // Whoever chooses the service chooses who serves the approval pages; so this is for tests on one machine only.
    server_addr: z
      .string()
      .refine(isLoopback, 'must be on this machine, such as localhost:8443: it is for tests only')
      .optional()
      .describe('stand-in for the ngrok service, for tests: a port of this machine such as `localhost:8443`'),
    root_cas: z.string().min(1, 'must be the path of a file').optional().meta({
      description: 'file with the authority that signed its certificate; only together with `server_addr`',
      format: 'path',
    }),
  })
  .refine((given) => given.root_cas === undefined || given.server_addr !== undefined, {
    path: ['root_cas'],
    message: 'works only together with server_addr',
  });

/** The real ngrok client, in a process of its own. */
export const ngrok = defineTunnel({
  type: 'ngrok',
  options,
  open: ({ ngrokAuthToken: token, ngrokDomain, server_addr, root_cas }, context) => ({
    type: 'ngrok',
    connect: async (port) => {
      const { connectNgrok } = await import('./ngrok-tunnel.ts');
      return connectNgrok(
        {
          port,
          token,
          ...(ngrokDomain !== undefined && { domain: ngrokDomain }),
          ...(server_addr !== undefined && { serverAddress: server_addr }),
          ...(root_cas !== undefined && { authorities: resolve(context.folder, root_cas) }),
        },
        context,
      );
    },
  }),
});
