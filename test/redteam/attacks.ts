import type { Attack } from './attack.ts';
import { browsers } from './attacks/browsers.ts';
import { clock } from './attacks/clock.ts';
import { config } from './attacks/config.ts';
import { database } from './attacks/database.ts';
import { home } from './attacks/home.ts';
import { links } from './attacks/links.ts';
import { pages } from './attacks/pages.ts';
import { pairing } from './attacks/pairing.ts';
import { passkeys } from './attacks/passkeys.ts';
import { processes } from './attacks/processes.ts';
import { prompts } from './attacks/prompts.ts';
import { sources } from './attacks/sources.ts';
import { state } from './attacks/state.ts';
import { totp } from './attacks/totp.ts';
import { tunnel } from './attacks/tunnel.ts';
import { values } from './attacks/values.ts';

/** Every attack, in the order of the tables. */
export const attacks: readonly Attack[] = [
  ...links,
  ...pages,
  ...browsers,
  ...prompts,
  ...totp,
  ...passkeys,
  ...tunnel,
  ...pairing,
  ...home,
  ...clock,
  ...config,
  ...sources,
  ...database,
  ...state,
  ...values,
  ...processes,
];
