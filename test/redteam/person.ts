import { HOTP, Secret } from 'otpauth';
import { openAppPairing } from '../../src/approvers/app-pairing.ts';
import { openPairing } from '../../src/approvers/pairing.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Faults } from '../support/authenticator.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { SetUp } from './attack.ts';
import { inAccount } from './hands.ts';
import type { Site } from './site.ts';
import type { Fields, Reply, Visitor } from './visitor.ts';
import { formOf } from './visitor.ts';

/** A passkey ceremony that the page's script began, and what the phone answered. */
export interface Signed {
  readonly ceremony: string;
  readonly assertion: string;
}

/** The person, with the device that is paired. The agent has neither, but may see what they send. */
export class Person {
  readonly phone = new Authenticator();
  readonly #setUp: SetUp;
  readonly #origin: string;
  #seed = '';

  constructor(setUp: SetUp, origin: string) {
    this.#setUp = setUp;
    this.#origin = origin;
  }

  /** Pairs the device in the owner's state directory, by the code behind `agent-vault pair`. */
  async pair({ owner, state }: Site): Promise<void> {
    if (this.#setUp === 'link') return;
    await inAccount(owner, async () => {
      const parts = { roster: openRoster(state, systemClock), clock: systemClock, random: systemRandom };
      const who = { name: 'Anna’s phone', by: null };
      if (this.#setUp === 'totp') await this.#pairApp({ ...parts, ...who });
      else await this.#pairPhone({ ...parts, ...who, origin: this.#origin });
    });
  }

  /** Opens the page, chooses, proves it by the factor of the set-up, and posts the form. */
  async decide(visitor: Visitor, path: string, changes: Fields = {}): Promise<Reply> {
    if (this.#setUp === 'link' || changes['decision'] === 'deny') return visitor.submit(path, changes);
    const form = { ...formOf((await visitor.get(path)).body), ...changes };
    if (this.#setUp === 'totp') return visitor.post(path, { ...form, totp: this.code() });
    return visitor.post(path, { ...form, ...(await this.sign(visitor, path, form)) });
  }

  /** Lets the server mint a challenge over the form, and the phone sign it. */
  async sign(visitor: Visitor, path: string, form: Fields, faults: Faults = {}): Promise<Signed> {
    return signed(await challenge(visitor, path, form), this.phone, faults);
  }

  /** What the person and their device enter on a page that imitates ours, at its own address. */
  async enter(imitation: string, visitor: Visitor, path: string, form: Fields): Promise<Fields> {
    if (this.#setUp === 'link') return {};
    if (this.#setUp === 'totp') return { totp: this.code() };
    const begun = await challenge(visitor, path, form);
    // A browser lets a page use passkeys of its own host only.
    const rpId = new URL(imitation).hostname;
    return { ...signed(begun, this.phone, { rpId }, imitation) };
  }

  /** What the app shows. @param ahead steps of 30 seconds */
  code(ahead = 0): string {
    return codeOf(this.#seed, ahead);
  }

  async #pairApp(parts: Parameters<typeof openAppPairing>[0]): Promise<void> {
    const pairing = await openAppPairing(parts);
    this.#seed = pairing.secret.reveal();
    // A step from before the attacks, so that they find the present one unused.
    const done = await pairing.confirm(this.code(), async () => undefined);
    if ('refused' in done) throw new Error(done.refused);
    await parts.roster.note((approvers) => approvers.map((app) => ({ ...app, lastStep: 0 })));
  }

  async #pairPhone(parts: Parameters<typeof openPairing>[0]): Promise<void> {
    const pairing = await openPairing(parts);
    const begun = await pairing.begin(pairing.code);
    if ('refused' in begun) throw new Error(begun.refused);
    const shown = await pairing.finish(this.phone.register(begun.options, this.#origin));
    if ('refused' in shown) throw new Error(shown.refused);
    await pairing.confirm(async () => undefined);
  }
}

/** What the page's script gets for a form: the ceremony and its options. */
export async function challenge(
  visitor: Visitor,
  path: string,
  form: Fields,
  at = path.replace('?', '/challenge?'),
): Promise<{ id: string; options: unknown }> {
  const { body } = await visitor.post(at, form, { 'ngrok-skip-browser-warning': '1' });
  const answer = JSON.parse(body) as { id?: string; options?: unknown; says?: string };
  if (answer.id === undefined) throw new Refused(answer.says ?? 'no challenge');
  return { id: answer.id, options: answer.options };
}

/** No challenge was to be had. */
export class Refused extends Error {}

/** The code of an authenticator app. @param ahead steps of 30 seconds */
export function codeOf(seed: string, ahead = 0): string {
  const counter = Math.floor(Date.now() / 30_000) + ahead;
  return HOTP.generate({ secret: Secret.fromBase32(seed), counter });
}

export function signed(
  { id, options }: { id: string; options: unknown },
  key: Authenticator,
  faults: Faults = {},
  origin = 'https://vault.example.test',
): Signed {
  return { ceremony: id, assertion: key.sign(options, origin, faults) };
}
