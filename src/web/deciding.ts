import type { Ceremony, Gate, Occasion, Proved, Unproved } from '../approvers/define.ts';
import { unproved } from '../approvers/define.ts';
import type { Draft, DraftRefusal } from '../core/choice.ts';
import type { Desk, RequestView } from '../core/ports.ts';
import type { Proof } from '../core/request.ts';
import { createCeremonies } from './ceremonies.ts';
import type { ChoiceProblem } from './choice.ts';
import { choiceOf } from './choice.ts';
import type { DecisionForm } from './form.ts';

/** Why nothing was decided. */
export interface NotDecided {
  readonly status: number;
  readonly says: string;
}

/** A posted form about a request that waits. Link, origin, cookie and token are fine. */
export interface Posted {
  readonly form: DecisionForm;
  readonly view: RequestView;
  /** Where the page is served from, as the browser sees it. */
  readonly origin: string;
}

export interface Deciding {
  /** Drafts what the form chooses and mints a passkey challenge over it. */
  challenge(posted: Posted): Promise<Ceremony | NotDecided>;
  /** Null if this form decided the request. */
  decide(posted: Posted): Promise<NotDecided | null>;
}

/** A refusal needs no proof: whoever holds the link may say no. */
const refuser: Proof = { approver: { name: 'link holder', factor: 'link' }, assertion: null };

export function createDeciding({ desk, gate }: { desk: Desk; gate: Gate }): Deciding {
  const ceremonies = createCeremonies();

  const draft = async ({ form, view }: Posted): Promise<Draft | NotDecided> => {
    const choice = choiceOf(form, view);
    const drafted = typeof choice === 'string' ? choice : await desk.draft(view.id, choice);
    return typeof drafted === 'string' ? notices[drafted] : drafted;
  };

  const drafts = async (posted: Posted): Promise<Draft | NotDecided> => {
    const { form, view } = posted;
    if (!form.approve || form.passkey === null) return draft(posted);
    return ceremonies.take(form.passkey.ceremony, view.id) ?? notices.noCeremony;
  };

  const decided = async (made: Draft, proof: Proof): Promise<NotDecided | null> => {
    const result = await desk.decide(made, proof);
    return result === 'recorded' ? null : notices[result];
  };

  return {
    async challenge(posted) {
      if (!posted.form.approve) return notices.invalid;
      const drafted = await draft(posted);
      if (isNotDecided(drafted)) return drafted;
      const begun = await gate.begin(occasionOf(posted), drafted.body);
      if (begun.proved === false) return { status: 403, says: begun.says };
      ceremonies.keep(begun.id, drafted);
      return begun;
    },

    async decide(posted) {
      const drafted = await drafts(posted);
      if (isNotDecided(drafted)) return drafted;
      if (!posted.form.approve) return decided(drafted, refuser);
      const proof = await prove(gate, posted);
      if (proof.proved) return decided(drafted, proof);
      if (proof.ends) desk.end(posted.view.id, 'too many wrong codes');
      return { status: 403, says: proof.says };
    },
  };
}

/** Whether a form was refused. */
export function isNotDecided(result: object): result is NotDecided {
  return 'status' in result && 'says' in result;
}

export const notices = {
  stale: { status: 403, says: 'Nothing was decided: this page had been opened a second time. Please choose again.' },
  ended: { status: 409, says: 'Nothing was decided: this request does not wait for a decision any more.' },
  unknown: { status: 409, says: 'Nothing was decided: this request does not wait for a decision any more.' },
  invalid: { status: 400, says: 'Nothing was decided: these choices do not fit the request. Please choose again.' },
  noName: { status: 400, says: 'Nothing was decided: no secret is ticked. Tick at least one, or deny.' },
  wholeVault: {
    status: 400,
    says: 'Nothing was decided: with the whole vault, no secret can be left out. Choose only these secrets, or tick all.',
  },
  noDigits: { status: 400, says: 'Nothing was decided: type the two digits that the terminal shows.' },
  code: {
    status: 403,
    says: 'Nothing was decided: the terminal shows other digits. After three wrong tries the request ends.',
  },
  noCeremony: {
    status: 403,
    says: 'Nothing was decided: the passkey took too long, or was used already. Please try again.',
  },
  changed: { status: 409, says: 'Nothing was decided: the config was changed meanwhile. Please look again.' },
  unrecorded: {
    status: 503,
    says: 'Nothing was decided: the audit log could not be written. Please try again in a moment.',
  },
  unlifted: {
    status: 503,
    says: 'Nothing was changed: the audit log could not be written. Please try again in a moment.',
  },
} as const satisfies Record<
  DraftRefusal | ChoiceProblem | 'stale' | 'noCeremony' | 'unrecorded' | 'unlifted',
  NotDecided
>;

async function prove(gate: Gate, posted: Posted): Promise<Proved | Unproved> {
  const { passkey, totp } = posted.form;
  const occasion = occasionOf(posted);
  if (passkey !== null) return gate.byPasskey(occasion, passkey.ceremony, passkey.assertion);
  if (totp !== '') return gate.byCode(occasion, totp);
  const ways = await gate.ways(posted.origin);
  if (ways.passkey) return unproved('Nothing was decided: your passkey was not used. Please try again.');
  if (ways.totp) return unproved('Nothing was decided: type the code that your authenticator app shows.');
  return gate.byLink();
}

function occasionOf({ view, origin }: Posted): Occasion {
  return { purpose: 'decision', about: view.id, origin };
}
