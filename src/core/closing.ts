import type { Clock } from './clock.ts';
import type { AuditRow } from './audit-row.ts';
import type { AuditLog, Log } from './ports.ts';
import type { Approver } from './request.ts';
import { rowsFor } from './rows.ts';
import type { Window, Windows } from './windows.ts';

export interface ClosingOptions {
  readonly windows: Windows;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  /** For the log, in our own words. */
  readonly cause: string;
  /** Who did it; missing where it follows from something else. */
  readonly by?: Approver;
}

/** Closes the windows that fit, and writes it down. Those that were open; they stay closed also where the log cannot be written. */
export async function closeWindows(
  fits: (window: Window) => boolean,
  options: ClosingOptions,
): Promise<readonly Window[]> {
  const { windows, audit, log } = options;
  const closed = windows.close(fits);
  if (closed.length === 0) return closed;
  const written = audit.append(closed.flatMap((window) => closingRows(window, options)));
  await written.catch(() => log.warn(`${closed.length} windows were closed, which could not be written down`));
  return closed;
}

function closingRows(
  { entry, session, vault, until, request }: Window,
  { clock, cause, by }: ClosingOptions,
): AuditRow[] {
  return rowsFor([entry ?? { id: '', name: '' }], {
    action: 'window_closed',
    at: clock.wall(),
    session,
    vault,
    operation: 'read',
    reason: '',
    requestId: request,
    scope: entry === null ? 'vault' : 'secret',
    ttlExpiresAt: until.wall,
    detail: { cause, ...(by === undefined ? {} : { by: by.name, factor: by.factor }) },
  });
}
