import { z } from 'zod';

const object = z.record(z.string(), z.unknown());

const approval = z.strictObject({
  expiresIn: z.number().min(1).max(600).default(300).describe('seconds until a request expires'),
  wait: z
    .number()
    .min(1)
    .max(600)
    .optional()
    .describe(
      'seconds that a call may wait for a person before it answers `pending`; without it, what the client can stand',
    ),
  maxOpen: z.int().min(1).max(1000).default(20).describe('requests that may wait for a person at once'),
  maxPerHour: z.int().min(1).max(10_000).default(60).describe('requests that may be opened within an hour'),
  cooldown: z
    .number()
    .min(0)
    .max(86_400)
    .default(600)
    .describe('seconds after a denial in which the same secrets cannot be asked for again; 0 = none'),
});

/** The whole file. Vaults, webhooks and tunnel are checked by their plug-ins, whose schemas mark with `writeOnly` what can hold a secret. */
export const fileSchema = z.strictObject({
  $schema: z.string().optional().describe('for editors; ignored'),
  vaults: z
    .record(z.string(), object)
    .refine((vaults) => Object.keys(vaults).length > 0, 'must name at least one vault')
    .describe('the vaults, by name'),
  ngrokAuthToken: z
    .string()
    .optional()
    .describe('token of the ngrok account; without it NGROK_AUTHTOKEN; without both, links work on this machine only'),
  ngrokDomain: z.string().optional().describe('a domain of the ngrok account, so that the address stays the same'),
  tunnel: object.optional().describe('how the pages are reached from outside; rarely needed'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(9999)
    .describe('port of the approval pages on this machine; 0 = any free one'),
  approval: approval.prefault({}).describe('waiting for a person'),
  audit: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .optional()
        .describe('the audit log; without it `agent-vault.db` in the working directory; AGENT_VAULT_DB goes first'),
      anchor: z
        .string()
        .min(1)
        .optional()
        .describe('a file to which each signed checkpoint of the audit log is appended, to be kept elsewhere'),
    })
    .prefault({})
    .describe('the audit log'),
  webhooks: z.array(object).default([]).describe('who else is told'),
});

/** What every vault has, whatever its provider. */
export const vaultSchema = z.object({
  ttl: z
    .number()
    .min(0)
    .max(1440)
    .default(0)
    .describe('minutes that an approval is remembered for reads; fractions allowed; 0 = always ask'),
  ttlScope: z
    .enum(['secret', 'vault'])
    .default('secret')
    .describe('whether a remembered approval covers the secret or its whole vault'),
  writable: z.boolean().default(false).describe('whether agents may ask to write'),
  confirm: z
    .enum(['tap', 'code'])
    .default('tap')
    .describe('`code`: whoever approves also types two digits that stand at the terminal'),
});
