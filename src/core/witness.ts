import type { CommittedRow } from './audit-row.ts';
import { VaultError } from './errors.ts';

/** Endpoints that must have heard before anything is released. */
export interface Witness {
  /** Whether each of them took the events of these rows within its time. Never rejects. */
  confirm(rows: readonly CommittedRow[]): Promise<boolean>;
}

/** Where no endpoint is required. */
export const noWitness: Witness = { confirm: async () => true };

/** A webhook that the config requires has not taken the event. */
export function unheard(): VaultError {
  const message = 'a webhook without which nothing may be released did not take the event, so nothing was released';
  return new VaultError('audit_unavailable', message, { hint: 'see agent-vault webhooks list' });
}
