import { z } from 'zod';
import { nameParameter, reasonParameter, valueParameter, vaultParameter } from '../parameters.ts';
import { outcomeResult } from '../results.ts';
import { defineTool } from '../tool.ts';

export const setSecret = defineTool({
  name: 'set_secret',
  title: 'Save one secret',
  description:
    'Creates or replaces one secret after a person has approved it; every write is asked for. ' +
    'For several use set_secrets: one approval for all. The person sees the name, whether it replaces a value, and a masked preview. ' +
    'It is carried out as soon as they approve, even if this call has returned "pending:"; call again with the same arguments to hear the outcome. ' +
    'A denial is final. Only works in vaults that the config makes writable.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({ vault: vaultParameter, name: nameParameter, value: valueParameter, reason: reasonParameter }),
  run: async ({ vault, name, value, reason }, { broker, session, call }) =>
    outcomeResult(
      await broker.write(session, { tool: 'set_secret', vault, writes: [{ name, value }], reason }, call),
      'set_secret',
    ),
});
