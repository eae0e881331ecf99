import type { Scene } from './scene.ts';

/** How a vault can be set up, each a row of the table "Who may approve". */
export const setUps = ['link', 'totp', 'passkey', 'separate'] as const;
export type SetUp = (typeof setUps)[number];

/** What each set-up is, for the tables. */
export const setUpTitles: Readonly<Record<SetUp, string>> = {
  link: 'link',
  totp: 'totp',
  passkey: 'passkey',
  separate: 'passkey, broker under another user',
};

/**
 * What the agent has, each with all before it: the MCP tools; the link as well; a shell as the user that runs its client, which
 * changes nothing of ours; changes to what lies in the project's folder; changes to the vault's own files and processes.
 */
export const accesses = ['tools', 'link', 'shell', 'project', 'state'] as const;
export type Access = (typeof accesses)[number];

/** `n/a`: the attack needs a factor that this set-up has not. */
export type Claim = 'resisted' | 'succeeds' | 'n/a';
export type Claims = Readonly<Record<SetUp, Claim>>;

/** What is missing on this machine makes the attack "not run". */
export type Tool = 'chromium' | 'gdb' | 'faketime';

export interface Attack {
  readonly id: string;
  /** What is tried, as a row of the table. */
  readonly title: string;
  readonly gives: Access;
  /** Whether it forges an approval, gets a value or a token without one, or only takes more of the person’s attention than it should. */
  readonly kind: 'approval' | 'value' | 'attention';
  readonly claims: Claims;
  readonly needs?: readonly Tool[];
  /** Whether the agent got what it wanted. What the system refuses to its account counts as resisted. */
  run(scene: Scene): Promise<boolean>;
}

/** The tables. */
export const kinds = [
  { kind: 'approval', part: 'redteam:approvals', title: 'Forging an approval' },
  { kind: 'value', part: 'redteam:values', title: 'Getting a value or a token without an approval' },
  { kind: 'attention', part: 'redteam:attention', title: 'Wearing the person down' },
] as const satisfies readonly { kind: Attack['kind']; part: string; title: string }[];

export const claim = {
  resisted: all('resisted', 'resisted', 'resisted', 'resisted'),
  /** Nobody is paired: the link is the factor. */
  byLinkOnly: all('succeeds', 'resisted', 'resisted', 'resisted'),
  /** Whoever acts as the vault's user has it. */
  bySameUser: all('succeeds', 'succeeds', 'succeeds', 'resisted'),
  byAnyone: all('succeeds', 'succeeds', 'succeeds', 'succeeds'),
  /** Against an authenticator app. */
  totp: (claim: 'resisted' | 'succeeds') => all('n/a', claim, 'n/a', 'n/a'),
  /** Against a passkey. */
  passkey: all('n/a', 'n/a', 'resisted', 'resisted'),
  /** Against any pairing. */
  paired: all('n/a', 'resisted', 'resisted', 'resisted'),
  pairedSameUser: all('n/a', 'succeeds', 'succeeds', 'resisted'),
} as const;

function all(link: Claim, totp: Claim, passkey: Claim, separate: Claim): Claims {
  return { link, totp, passkey, separate };
}
