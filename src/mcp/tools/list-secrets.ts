import { z } from 'zod';
import { shown } from '../../core/input.ts';
import type { VaultListing } from '../../core/outcome.ts';
import { oneLine } from '../../core/text.ts';
import { textResult } from '../results.ts';
import { defineTool } from '../tool.ts';

export const listSecrets = defineTool({
  name: 'list_secrets',
  title: 'List secret names',
  description:
    'Lists the vaults and the names of the secrets in them; never a value, and nobody is asked. ' +
    'Call it first: the other tools take vault and name exactly as shown here.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({}),
  run: async (_, { broker, call }) => textResult((await broker.list(call.signal)).map(section).join('\n\n')),
});

function section(listing: VaultListing): string {
  const heading = `[${oneLine(listing.vault)}]`;
  if ('unavailable' in listing) return `${heading}\n  unavailable: ${listing.unavailable}`;
  if (listing.names.length === 0) return `${heading}\n  no secrets`;
  const lines = listing.names.map(
    ({ name, group }) => `  - ${oneLine(name)}${group === null ? '' : ` (${shown(group)})`}`,
  );
  return [heading, ...lines].join('\n');
}
