import type { Choice } from '../core/choice.ts';
import { plainChoice } from '../core/choice.ts';
import type { RequestView } from '../core/ports.ts';
import type { DecisionForm } from './form.ts';

/** Why a form makes no choice about this request. */
export type ChoiceProblem = 'invalid' | 'noName' | 'wholeVault' | 'noDigits';

/** What a posted form chooses. Whether the policy allows it is not looked at here. */
export function choiceOf(form: DecisionForm, view: RequestView): Choice | ChoiceProblem {
  if (!form.approve) return { ...plainChoice(false), note: form.note, mute: form.mute };
  const names = namesOf(form, view);
  if (typeof names === 'string') return names;
  if (view.needsCode && !/^\d{2}$/.test(form.code)) return 'noDigits';
  const { windowMs, scope, config } = form;
  return { ...plainChoice(true), names, windowMs, scope, config, code: view.needsCode ? form.code : null };
}

/** Whether names can be left out: half a write is not what was asked for. */
export function isBatch({ operation, names }: Pick<RequestView, 'operation' | 'names'>): boolean {
  return operation === 'read' && names.length > 1;
}

function namesOf(form: DecisionForm, view: RequestView): readonly string[] | null | ChoiceProblem {
  const { names } = view;
  const ticked = new Set(form.names);
  if (!isBatch(view)) return ticked.size === 0 ? null : 'invalid';
  if (form.names.some((at) => at >= names.length)) return 'invalid';
  if (ticked.size === names.length) return null;
  if (form.windowMs > 0 && form.scope === 'vault') return ticked.size === 0 ? null : 'wholeVault';
  // Two names can mean one secret: it is approved only if both are ticked.
  const refused = new Set(names.filter((_, at) => !ticked.has(at)).map(({ id }) => id));
  const approved = names.map(({ id }) => id).filter((id) => !refused.has(id));
  return approved.length === 0 ? 'noName' : approved;
}
