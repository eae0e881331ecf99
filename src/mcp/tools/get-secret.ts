import { z } from 'zod';
import { nameParameter, reasonParameter, vaultParameter } from '../parameters.ts';
import { outcomeResult, valueResult } from '../results.ts';
import { defineTool } from '../tool.ts';

export const getSecret = defineTool({
  name: 'get_secret',
  title: 'Read one secret',
  description:
    'Returns the value of one secret, as plain text, after a person has approved it on their phone (or at once, while an earlier approval lasts). ' +
    'For several secrets use get_secrets: one approval for all. ' +
    'The call can wait minutes for the person. A result that starts with "pending:" means that they have not answered yet: ' +
    'call again with the same arguments. A denial is final: do not ask again, and do not look for another way to the value. ' +
    'Do not print or store the value.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({ vault: vaultParameter, name: nameParameter, reason: reasonParameter }),
  run: async ({ vault, name, reason }, { broker, session, call }) => {
    const outcome = await broker.read(session, { tool: 'get_secret', vault, names: [name], reason }, call);
    return outcome.status === 'released' ? valueResult(outcome) : outcomeResult(outcome, 'get_secret');
  },
});
