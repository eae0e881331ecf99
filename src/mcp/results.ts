import type { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import type { Ending, Released, Saved } from '../core/outcome.ts';
import { visible } from '../core/text.ts';

/** No `structuredContent`: Claude Code and Codex show that to the model instead of the text. */
export interface ToolResult {
  readonly [key: string]: unknown;
  readonly content: { type: 'text'; text: string }[];
  readonly isError?: boolean;
  readonly _meta?: { readonly [key: string]: unknown };
}

type Pending = Extract<Ending, { status: 'pending' }>;

export type Status = 'approved' | 'denied' | 'expired' | 'withdrawn' | 'pending' | 'failed';

/** A listing: no outcome of a request. */
export function textResult(text: string): ToolResult {
  return { content: [{ type: 'text', text }] };
}

/** The last step of a read: the one place where a value becomes text. */
export function valueResult({ values }: Released): ToolResult {
  return result('approved', values.map(({ value }) => value.reveal()).join(''));
}

/** Values as a JSON object, so that one with line breaks cannot pass for another name. What was left out stands in a second text. */
export function valuesResult({ values, refused }: Released): ToolResult {
  const entries = values.map(({ name, value }) => [name, value.reveal()] as const);
  const approved = result('approved', JSON.stringify(Object.fromEntries(entries), null, 2));
  if (refused.length === 0) return approved;
  const names = refused.map(shown).join(', ');
  const text = `refused: the person approved the names above, but not ${names}. This is final: do not ask for these again.`;
  return { ...approved, content: [...approved.content, { type: 'text', text }] };
}

/** Everything but a value. A refusal is an error result, so that no agent takes "denied" for the value. */
export function outcomeResult(outcome: Saved | Ending, tool: string): ToolResult {
  switch (outcome.status) {
    case 'saved':
      return result('approved', `approved: saved ${outcome.saved.map(saved).join(', ')}`);
    case 'denied':
      return refusal(
        'denied',
        `denied: the person said no${note(outcome.note)}. This is final: do not ask again and do not work round it.`,
        outcome,
      );
    case 'expired':
      return refusal(
        'expired',
        'expired: nobody answered in time; nothing was released. Ask the person before you call again.',
        outcome,
      );
    case 'withdrawn':
      return refusal(
        'withdrawn',
        'withdrawn: the request was taken back before a decision; nothing was released.',
        outcome,
      );
    case 'pending':
      return result('pending', pendingText(outcome, tool), outcome.requestId);
  }
}

/** A failure in our own words; its hint and cause are for the operator and stay away from the agent. */
export function failureResult(error: VaultError): ToolResult {
  const text = `failed: ${error.message}`;
  return { content: [{ type: 'text', text }], isError: true, _meta: meta('failed', undefined, error.failure) };
}

function result(status: Status, text: string, requestId?: string): ToolResult {
  return { content: [{ type: 'text', text }], _meta: meta(status, requestId) };
}

function refusal(status: Status, text: string, { requestId }: { requestId: string }): ToolResult {
  return { content: [{ type: 'text', text }], isError: true, _meta: meta(status, requestId) };
}

function meta(status: Status, requestId?: string, failure?: string): { readonly [key: string]: unknown } {
  return {
    'agent-vault/status': status,
    ...(requestId === undefined ? {} : { 'agent-vault/request': requestId }),
    ...(failure === undefined ? {} : { 'agent-vault/failure': failure }),
  };
}

function pendingText(pending: Pending, tool: string): string {
  const again = `pending: call ${tool} again with the same arguments`;
  if (pending.underWay) return `${again} to hear the outcome; the person approved, and the write is still under way.`;
  const until = new Date(pending.expiresAt).toISOString();
  return `${again}; the person has not answered yet (request ${pending.requestId}, open until ${until}). Calling again does not ask them twice.`;
}

function saved({ name, effect }: { name: string; effect: 'create' | 'replace' }): string {
  return `${shown(name)} (${effect === 'create' ? 'created' : 'replaced'})`;
}

function note(text: string | null): string {
  return text === null ? '' : `: "${visible(text)}"`;
}
