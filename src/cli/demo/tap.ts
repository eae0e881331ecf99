import { VaultError } from '../../core/errors.ts';

/** Approves as a browser without JavaScript would: opens the page, keeps its cookie, posts its form. */
export async function tap(url: string): Promise<void> {
  const page = await fetch(url);
  const csrf = /name="csrf" value="([^"]+)"/u.exec(await page.text())?.[1];
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  if (!page.ok || csrf === undefined) throw new VaultError('approval_unavailable', 'the approval page did not open');
  const body = new URLSearchParams({ csrf, decision: 'approve' });
  const answer = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { origin: new URL(url).origin, cookie },
  });
  if (answer.status !== 303)
    throw new VaultError('approval_unavailable', `the approval page answered ${answer.status}`);
}
