import { defineFactor } from './define.ts';

/** A code of an authenticator app. Whoever can read the vault's files can compute it, since both sides hold the same secret. */
export const totp = defineFactor({
  factor: 'totp',
  strength: 1,
  takes: 'a code from your authenticator app',
  counts: ({ approvers }) => approvers.some(({ factor }) => factor === 'totp'),
});
