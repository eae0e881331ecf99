import type { z } from 'zod';
import { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';

/** What is wrong with a tool's arguments, in words that help the model to call it right. */
export function argumentError(tool: { name: string; input: z.ZodObject }, error: z.ZodError): VaultError {
  const said = error.issues.slice(0, 3).map(describe);
  const takes = Object.keys(tool.input.shape).join(', ') || 'no parameters';
  return new VaultError('input_invalid', `${said.join('; ')} (${tool.name} takes ${takes})`);
}

function describe(issue: z.core.$ZodIssue): string {
  const place = issue.path.map(String).join('.') || 'the arguments';
  if (issue.code === 'unrecognized_keys')
    return `unknown parameter ${issue.keys.map((key) => `"${shown(key)}"`).join(', ')}`;
  if (issue.code !== 'invalid_type') return `${place}: not valid`;
  const expected = issue.expected === 'array' ? 'a list' : issue.expected === 'string' ? 'a text' : 'an object';
  return issue.input === undefined ? `${place} is missing or not ${expected}` : `${place} must be ${expected}`;
}
