import { z } from 'zod';
import { Secret } from '../core/secret.ts';

/** What passes between this process and the child that runs 1Password's SDK. Values are plain text only in here. */

export const greeting = z.object({
  signIn: z.union([z.object({ token: z.string() }), z.object({ account: z.string() })]),
  version: z.string(),
});
export type Greeting = z.infer<typeof greeting>;

const place = z.union([
  z.object({ kind: z.literal('note') }),
  z.object({ kind: z.literal('field'), id: z.string(), sectionId: z.string().optional() }),
]);

export const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('vaults') }),
  z.object({ ask: z.literal('items'), vaultId: z.string() }),
  z.object({ ask: z.literal('get'), vaultId: z.string(), itemIds: z.array(z.string()) }),
  z.object({ ask: z.literal('resolve'), references: z.array(z.string()) }),
  z.object({
    ask: z.literal('create'),
    vaultId: z.string(),
    title: z.string(),
    category: z.enum(['login', 'password', 'secure_note', 'api_credentials']),
    value: z.string(),
  }),
  z.object({
    ask: z.literal('put'),
    vaultId: z.string(),
    itemId: z.string(),
    place,
    from: z.string(),
    to: z.string(),
  }),
  z.object({ ask: z.literal('delete'), vaultId: z.string(), itemIds: z.array(z.string()) }),
]);
export type Question = z.infer<typeof question>;

/** Every way in which 1Password can fail, as far as we tell them apart. */
export const fault = z.enum([
  'sdk_missing',
  'token_invalid',
  'account_unknown',
  'signed_out',
  'desktop_missing',
  'desktop_locked',
  'forbidden',
  'rate_limited',
  'not_found',
  'conflict',
  'too_big',
  'rejected',
  'unreachable',
  'server_error',
  'unknown',
]);
export type Fault = z.infer<typeof fault>;

/** `detail` is foreign text, for a debugger only. */
export const reply = z.union([z.object({ answer: z.unknown() }), z.object({ fault, detail: z.string() })]);
export type Reply = z.infer<typeof reply>;

const info = z.object({ id: z.string(), title: z.string() });
const secret = z.string().transform((value) => new Secret(value));
const value = z.string().transform((text) => ({ value: new Secret(text), empty: text === '' }));
const field = z
  .object({ id: z.string(), title: z.string(), sectionId: z.string().optional(), type: z.string(), value })
  .transform(({ value: { value, empty }, ...rest }) => ({ ...rest, value, empty }));
const item = z.object({
  ...info.shape,
  category: z.string(),
  fields: z.array(field),
  sections: z.array(info),
  note: value,
});
const resolved = z.union([
  z.object({ value: secret, vaultId: z.string(), itemId: z.string() }),
  z.object({ problem: z.string() }),
]);

export const answers = {
  vaults: z.array(info),
  items: z.array(info),
  get: z.array(item.nullable()),
  resolve: z.array(resolved),
  create: z.object({ itemId: z.string(), exact: z.boolean() }),
  put: z.object({ itemId: z.string(), exact: z.boolean() }),
  delete: z.array(z.enum(['deleted', 'kept', 'unknown'])),
} as const;

/** What the child sends for each question: the same shapes before a value becomes a Secret. */
export type Answer<Ask extends Question['ask']> = z.input<(typeof answers)[Ask]>;
