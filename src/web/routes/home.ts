import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from '../../approvers/define.ts';
import type { Board } from '../../core/board.ts';
import type { Clock } from '../../core/clock.ts';
import type { Random, RequestView } from '../../core/ports.ts';
import { requestId } from '../../core/request.ts';
import type { Answer } from '../answer.ts';
import { refuse, seeOther } from '../answer.ts';
import { createEvents } from '../events.ts';
import { readFields } from '../fields.ts';
import type { HomePage } from '../home-models.ts';
import { homePage } from '../home-models.ts';
import type { Knock } from '../knock.ts';
import { knockOf } from '../knock.ts';
import type { Links } from '../links.ts';
import { sameMac } from '../mac.ts';
import type { Pages } from '../pages.ts';
import type { Place } from '../place.ts';
import { isFromOwnPage } from '../place.ts';
import type { SignIn } from '../sign-ins.ts';
import { createSignIns } from '../sign-ins.ts';
import { createStrangers } from '../strangers.ts';
import { counted } from '../words.ts';
import { createSignIn } from './sign-in.ts';

export interface HomeParts {
  readonly board: Board;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly random: Random;
  readonly links: Links;
  readonly pages: Pages;
}

type Get = (request: IncomingMessage, place: Place) => Promise<Answer>;
/** @param body the form as text; undefined if it was sent in another form */
type Post = (request: IncomingMessage, place: Place, body: unknown) => Promise<Answer>;

/** The page at `/`, for approvers. While nobody was ever paired, every one of these answers like an unknown page. */
export interface HomeRoute {
  /** `GET /`: the page, or the way to it. */
  readonly show: Get;
  /** `GET /board`: the page once more, for its own script. Does not count as use, or a page left open would never be signed out. */
  readonly look: Get;
  /** `GET /events`. Null: the response is a stream from now on. */
  listen(request: IncomingMessage, place: Place, response: ServerResponse): Promise<Answer | null>;
  /** `POST /sign-in/challenge` */
  readonly challenge: Post;
  /** `POST /sign-in` */
  readonly signIn: Post;
  /** `POST /sign-out` */
  readonly signOut: Post;
  /** `POST /windows/end` */
  readonly endWindows: Post;
}

const notices = {
  signedOut: 'Nothing was changed: you had been signed out.',
  stale: 'Nothing was changed: this page had grown old. Please try again.',
};

export function createHome(parts: HomeParts): HomeRoute {
  const { board, gate, clock, random, pages } = parts;
  const signIns = createSignIns(clock, random);
  const events = createEvents(board, clock);
  const door = createSignIn({ gate, clock, signIns, strangers: createStrangers(random), pages });

  const page = (signIn: SignIn, notice: string | null = null): string => pages.home(modelOf(parts, signIn, notice));

  /** For those who are signed in. Others may do it again once they have signed in. */
  const acting = async (knock: Knock, csrf: string, act: (signIn: SignIn) => Promise<Answer>): Promise<Answer> => {
    const { signIn } = knock;
    if (signIn === null) return door.show(knock, { status: 403, notice: notices.signedOut });
    return sameMac(csrf, signIn.csrf) ? act(signIn) : { status: 403, html: page(signIn, notices.stale) };
  };

  const get =
    (answer: (knock: Knock) => Answer): Get =>
    async (request, place) => {
      const knock = await knockOf({ gate, signIns }, request, place);
      return knock === null ? refuse(pages, 'deadLink') : answer(knock);
    };

  const post =
    (answer: (knock: Knock, body: unknown) => Promise<Answer>): Post =>
    async (request, place, body) => {
      const knock = await knockOf({ gate, signIns }, request, place);
      if (knock === null) return refuse(pages, 'deadLink');
      return isFromOwnPage(request, place) ? answer(knock, body) : refuse(pages, 'foreignForm');
    };

  return {
    show: get((knock) => {
      if (knock.signIn === null) return door.show(knock);
      const { notice, cookie } = signIns.use(knock.signIn);
      return { status: 200, html: page(knock.signIn, notice), headers: { 'Set-Cookie': cookie } };
    }),
    look: get(({ signIn }) => (signIn === null ? refuse(pages, 'deadLink') : { status: 200, html: page(signIn) })),
    async listen(request, place, response) {
      const mayListen = async (): Promise<boolean> => {
        const knock = await knockOf({ gate, signIns }, request, place);
        return knock !== null && knock.signIn !== null;
      };
      if (request.method !== 'GET' || !(await mayListen())) return refuse(pages, 'deadLink');
      events.open(response, mayListen);
      return null;
    },
    challenge: post((knock, body) => door.challenge(knock, body)),
    signIn: post((knock, body) => door.submit(knock, body)),
    signOut: post(async (knock, body) => {
      const form = readFields(body, ['csrf']);
      if (form === null) return refuse(pages, 'badForm');
      return acting(knock, form('csrf'), async (signIn) => {
        const cookie = signIns.end(signIn);
        await events.sweep();
        return { status: 303, headers: { Location: '/', 'Set-Cookie': cookie } };
      });
    }),
    endWindows: post(async (knock, body) => {
      const form = readFields(body, ['csrf', 'window']);
      if (form === null) return refuse(pages, 'badForm');
      return acting(knock, form('csrf'), async (signIn) => {
        const which = form('window') === 'all' ? 'all' : requestId(form('window'));
        signIns.tell(signIn, endingOf(await board.endWindows(which, signIn.approver)));
        return seeOther('/');
      });
    }),
  };
}

function modelOf({ board, clock, links }: HomeParts, { approver, csrf }: SignIn, notice: string | null): HomePage {
  const path = ({ id, expiresAt }: RequestView): string => links.path(id, expiresAt);
  return homePage(board.view(), { now: clock.wall(), csrf, approver, notice, path });
}

/** What the next page says of the windows that were ended. */
function endingOf(count: number): string {
  if (count === 0) return 'Nothing was left to end.';
  return `${counted(count, 'window')} ended. The next read asks you again.`;
}
