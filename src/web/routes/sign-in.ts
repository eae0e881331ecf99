import type { Gate, Occasion, Proved, Unproved } from '../../approvers/define.ts';
import { canonical } from '../../core/canonical.ts';
import type { Clock } from '../../core/clock.ts';
import { isoTime } from '../../core/clock.ts';
import type { Answer } from '../answer.ts';
import { refuse } from '../answer.ts';
import type { Fields } from '../fields.ts';
import { readFields } from '../fields.ts';
import type { Knock } from '../knock.ts';
import { sameMac } from '../mac.ts';
import type { Pages } from '../pages.ts';
import type { SignIns } from '../sign-ins.ts';
import type { Stranger, Strangers } from '../strangers.ts';

export interface SignInParts {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly signIns: SignIns;
  readonly strangers: Strangers;
  readonly pages: Pages;
}

export interface SignInRoute {
  show(knock: Knock, again?: { readonly status: number; readonly notice: string }): Answer;
  /** Begins a passkey ceremony, for the page's script. */
  challenge(knock: Knock, body: unknown): Promise<Answer>;
  submit(knock: Knock, body: unknown): Promise<Answer>;
}

const notices = {
  stale: 'This page had grown old. Please try again.',
  unread: 'Nobody can sign in at the moment: it cannot be read who may approve.',
};

export function createSignIn(parts: SignInParts): SignInRoute {
  const { gate, clock, signIns, strangers, pages } = parts;

  const show: SignInRoute['show'] = ({ cookies, place, ways }, again) => {
    const known = strangers.recognise(cookies, place);
    const { stranger, cookie } = known === null ? strangers.greet(place) : { stranger: known, cookie: null };
    const { says, totp, passkey, elsewhere } = ways;
    const page = { csrf: stranger.csrf, notice: again?.notice ?? null, says, totp, passkey, elsewhere };
    const headers = cookie === null ? {} : { 'Set-Cookie': cookie };
    return { status: again?.status ?? 200, html: pages.signIn(page), headers };
  };

  return {
    show,
    async challenge(knock, body) {
      const form = readFields(body, ['csrf']);
      if (form === null) return refuse(pages, 'badForm');
      const stranger = strangerOf(parts, knock, form('csrf'));
      if (stranger === null) return { status: 403, json: { says: notices.stale } };
      const begun = await gate.begin(occasion(knock, stranger), statement(knock, stranger, clock));
      if (begun.proved === null) return { status: 200, json: { id: begun.id, options: begun.options } };
      return { status: 403, json: { says: begun.says } };
    },
    async submit(knock, body) {
      const form = readFields(body, ['csrf', 'totp', 'ceremony', 'assertion']);
      if (form === null) return refuse(pages, 'badForm');
      const stranger = strangerOf(parts, knock, form('csrf'));
      if (stranger === null) return show(knock, { status: 403, notice: notices.stale });
      if (knock.generation === null) return show(knock, { status: 503, notice: notices.unread });
      const proof = await prove(gate, occasion(knock, stranger), form);
      if (!proof.proved) return show(knock, { status: 403, notice: proof.says });
      const cookie = signIns.admit(proof.approver, knock.place, knock.generation);
      return { status: 303, headers: { Location: '/', 'Set-Cookie': cookie } };
    },
  };
}

function strangerOf({ strangers }: SignInParts, { cookies, place }: Knock, csrf: string): Stranger | null {
  const stranger = strangers.recognise(cookies, place);
  return stranger !== null && sameMac(csrf, stranger.csrf) ? stranger : null;
}

function occasion({ place }: Knock, { attempt }: Stranger): Occasion {
  return { purpose: 'home', about: attempt, origin: place.origin };
}

/** What a passkey signs to open the home page. */
function statement({ place }: Knock, { attempt }: Stranger, clock: Clock): string {
  return canonical({ version: 1, purpose: 'home', origin: place.origin, attempt, issuedAt: isoTime(clock.wall()) });
}

type Proof = Fields<'totp' | 'ceremony' | 'assertion'>;

function prove(gate: Gate, about: Occasion, proof: Proof): Promise<Proved | Unproved> {
  if (proof('ceremony') !== '') return gate.byPasskey(about, proof('ceremony'), proof('assertion'));
  return gate.byCode(about, proof('totp'));
}
