import { z } from 'zod';
import { limits } from '../core/input.ts';

/** The parameters that tools share. Lengths stand in the schema for the model; core/input.ts enforces them. */
export const vaultParameter = z
  .string()
  .meta({ description: 'The vault, as list_secrets heads it.', minLength: 1, maxLength: limits.name });

export const nameParameter = z.string().meta({
  description: 'The name of the secret, exactly as list_secrets shows it.',
  minLength: 1,
  maxLength: limits.name,
});

export const valueParameter = z.string().meta({
  description: `The value to save, at most ${limits.valueBytes / 1024} KiB of UTF-8.`,
  maxLength: limits.valueBytes,
});

export const reasonParameter = z.string().meta({
  description:
    'Why you need it now, for the person who decides: what you are about to do, where, and for which task. One or two honest, specific sentences, at most 2,000 characters.',
  minLength: 1,
  maxLength: limits.reason,
});
