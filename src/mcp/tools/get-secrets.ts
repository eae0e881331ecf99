import { z } from 'zod';
import { limits } from '../../core/input.ts';
import { nameParameter, reasonParameter, vaultParameter } from '../parameters.ts';
import { outcomeResult, valuesResult } from '../results.ts';
import { defineTool } from '../tool.ts';

export const getSecrets = defineTool({
  name: 'get_secrets',
  title: 'Read several secrets',
  description:
    'Returns several secrets of one vault as a JSON object of name to value, after one approval for all of them. ' +
    'Prefer it to several get_secret calls; ask only for what the task needs. If one cannot be had, none is returned; the person may leave names out, which a second text lists. ' +
    'The call can wait minutes for the person. A result that starts with "pending:" means call again with the same arguments; a denial is final. ' +
    'Do not print or store the values.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    vault: vaultParameter,
    names: z.array(nameParameter).meta({
      description: 'The names, at most 200; a name given twice counts once.',
      minItems: 1,
      maxItems: limits.names,
    }),
    reason: reasonParameter,
  }),
  run: async ({ vault, names, reason }, { broker, session, call }) => {
    const outcome = await broker.read(session, { tool: 'get_secrets', vault, names, reason }, call);
    return outcome.status === 'released' ? valuesResult(outcome) : outcomeResult(outcome, 'get_secrets');
  },
});
