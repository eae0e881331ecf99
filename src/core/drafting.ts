import type { Json } from './canonical.ts';
import { canonical } from './canonical.ts';
import type { Choice, Draft, DraftRefusal } from './choice.ts';
import { isoTime } from './clock.ts';
import type { LiveRequest } from './live-request.ts';
import type { Policies } from './policies.ts';
import type { AskedName } from './request.ts';
import { oneLine, visible } from './text.ts';
import { widest } from './view.ts';

/** Code points of a note to the agent. */
const longestNote = 500;

/**
 * Makes of a choice what is to be decided: windows cut down to what the policy allows, the note made harmless, and all of it
 * written down for the factor to sign. Other digits than the request's are for the caller to count.
 * @param at wall clock, milliseconds
 */
export function draftOf(request: LiveRequest, choice: Choice, policies: Policies, at: number): Draft | DraftRefusal {
  const proposal = policies.proposal();
  if (choice.config !== null && choice.config !== proposal?.digest) return 'changed';
  const decided = choice.approve ? approval(request, choice, policies) : denial(choice);
  if (decided === 'invalid') return decided;
  if (choice.approve && request.policy.confirm === 'code' && choice.code !== request.code) return 'code';
  const policy = policies.version();
  return { request: request.id, choice: decided, policy, body: bodyOf(request, decided, { policy, at }) };
}

/** Whether nothing has changed since the draft was made. */
export function isCurrent({ policy, choice }: Draft, policies: Policies): boolean {
  const isSame = choice.config === null || policies.proposal()?.digest === choice.config;
  return isSame && policies.version() === policy;
}

/** Whether the request could still be made as it was. How long a window may be is looked at in each draft. */
export function fitsPolicy({ vault, operation, policy }: LiveRequest, policies: Policies): boolean {
  const now = policies.policyOf(vault, false);
  if (now === null || (operation === 'write' && !now.writable)) return false;
  return now.confirm === 'tap' || policy.confirm === 'code';
}

/** The names that a choice approves, in the order in which they were asked for. */
export function allowedBy(request: LiveRequest, { approve, names }: Choice): readonly AskedName[] {
  if (!approve) return [];
  return names === null ? request.names : request.names.filter(({ id }) => names.includes(id));
}

function approval(request: LiveRequest, choice: Choice, policies: Policies): Choice | 'invalid' {
  const { names, config } = choice;
  const known = new Set(request.names.map(({ id }) => id));
  if (names !== null && (names.length === 0 || !names.every((id) => known.has(id)))) return 'invalid';
  if (!Number.isFinite(choice.windowMs) || choice.windowMs < 0) return 'invalid';
  const most = widest(request, policies.policyOf(request.vault, config !== null));
  const windowMs = Math.min(Math.floor(choice.windowMs), most.windowMs);
  const scope = windowMs > 0 && most.scope === 'vault' ? choice.scope : 'secret';
  const isAll = names === null || new Set(names).size === known.size;
  // A window on the whole vault would hand out what has just been refused. Half a write is not what was asked for.
  if (!isAll && (scope === 'vault' || request.operation === 'write')) return 'invalid';
  return { ...choice, names: isAll ? null : names, windowMs, scope, note: noteOf(choice), mute: false, code: null };
}

function denial(choice: Choice): Choice {
  return { ...choice, names: null, windowMs: 0, scope: 'secret', note: noteOf(choice), code: null, config: null };
}

function noteOf({ note }: Choice): string | null {
  const text = visible((note ?? '').replace(/\r\n?/gu, '\n').trim());
  return text === '' ? null : Array.from(text).slice(0, longestNote).join('');
}

/** What was decided, complete enough to be checked later without this process. A passkey signs exactly this. */
function bodyOf(request: LiveRequest, choice: Choice, made: { policy: string; at: number }): string {
  const { id, session, operation, vault, names, reason, expiry } = request;
  const allowed = new Set(allowedBy(request, choice));
  const decided = choice.approve ? names.filter((name) => allowed.has(name)) : names;
  return canonical({
    version: 2,
    request: id,
    approve: choice.approve,
    session: session.id,
    agent: session.agent,
    folder: session.folder,
    operation,
    vault: oneLine(vault),
    secrets: decided.map(named),
    refused: names.filter((name) => !decided.includes(name)).map(named),
    reason,
    windowMs: choice.windowMs,
    scope: choice.scope,
    note: choice.note,
    mute: choice.mute,
    config: choice.config,
    policy: made.policy,
    issuedAt: isoTime(made.at),
    expiresAt: isoTime(expiry.wall),
  });
}

function named({ id, name, title, effect }: AskedName): Json {
  return { id: oneLine(id), name: oneLine(name), title: title === undefined ? undefined : oneLine(title), effect };
}
