import { z } from 'zod';

/** What the config may say about a vault of 1Password. */
export const options = z.object({
  serviceAccountToken: z.string().optional().meta({
    description: 'token of a service account; without it and without account: OP_SERVICE_ACCOUNT_TOKEN',
    writeOnly: true,
  }),
  account: z
    .string()
    .min(1)
    .optional()
    .describe(
      'instead of a token: sign in through the desktop app, to the account of this name (top of its side bar) or ID',
    ),
  vaultIds: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('IDs of the 1Password vaults that may be used; without it: all that the account sees'),
  write: z
    .strictObject({
      vaultId: z.string().min(1).describe('ID of the only 1Password vault that is written to; one of vaultIds'),
      category: z
        .enum(['login', 'password', 'secure_note', 'api_credentials'])
        .default('login')
        .describe('what new items become'),
    })
    .optional()
    .describe('where new items are created; without it, items can be replaced in all vaults in use, and none created'),
});

export type OnePasswordOptions = z.infer<typeof options>;
