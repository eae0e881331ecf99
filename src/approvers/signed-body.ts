import { z } from 'zod';
import type { Json } from '../core/canonical.ts';
import { canonical } from '../core/canonical.ts';

const json: z.ZodType<Json> = z.json();
const time = z.iso.datetime();

const secret = z.strictObject({
  id: z.string(),
  name: z.string(),
  title: z.string().optional(),
  effect: z.enum(['create', 'replace']).optional(),
});

const body = z.strictObject({
  version: z.literal(2),
  request: z.string(),
  approve: z.boolean(),
  session: z.string(),
  agent: z.string(),
  folder: z.string(),
  operation: z.string(),
  vault: z.string(),
  /** What was decided: of an approval, what was approved. */
  secrets: z.array(secret),
  /** What an approval leaves out. */
  refused: z.array(secret),
  reason: z.string(),
  windowMs: z.int().nonnegative(),
  scope: z.enum(['secret', 'vault']),
  note: z.string().nullable(),
  mute: z.boolean(),
  config: z.string().nullable(),
  policy: z.string(),
  issuedAt: time,
  expiresAt: time,
});

/** A decision as it was signed. */
export type SignedBody = z.infer<typeof body>;

/** Null for a text that is no decision, or not in RFC 8785 form: two texts must not mean the same. */
export function readBody(text: string): SignedBody | null {
  try {
    const parsed = json.parse(JSON.parse(text));
    return canonical(parsed) === text ? body.parse(parsed) : null;
  } catch {
    return null;
  }
}
