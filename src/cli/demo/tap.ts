import { VaultError } from '../../core/errors.ts';
import { filledForm } from './form.ts';

/** Approves as a browser without JavaScript would: opens the page, keeps its cookie, posts its form as it stands. */
export async function tap(url: string): Promise<void> {
  const page = await fetch(url);
  const body = filledForm(await page.text(), 'approve');
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  if (!page.ok || !body.has('csrf')) throw new VaultError('approval_unavailable', 'the approval page did not open');
  const answer = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { origin: new URL(url).origin, cookie },
  });
  if (answer.status !== 303)
    throw new VaultError('approval_unavailable', `the approval page answered ${answer.status}`);
}
