import { z } from 'zod';
import { limits } from '../../core/input.ts';
import { nameParameter, reasonParameter, valueParameter, vaultParameter } from '../parameters.ts';
import { outcomeResult } from '../results.ts';
import { defineTool } from '../tool.ts';

export const setSecrets = defineTool({
  name: 'set_secrets',
  title: 'Save several secrets',
  description:
    'Creates or replaces several secrets of one vault after one approval for all of them. Prefer it to several set_secret calls. ' +
    'All or nothing; where that fails, the result says what remains. ' +
    'It is carried out as soon as the person approves. A result that starts with "pending:" means call again with the same arguments; a denial is final.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    vault: vaultParameter,
    secrets: z
      .array(z.strictObject({ name: nameParameter, value: valueParameter }))
      .meta({ description: 'The names and their values, at most 200.', minItems: 1, maxItems: limits.names }),
    reason: reasonParameter,
  }),
  run: async ({ vault, secrets, reason }, { broker, session, call }) =>
    outcomeResult(
      await broker.write(session, { tool: 'set_secrets', vault, writes: secrets, reason }, call),
      'set_secrets',
    ),
});
