import type { Page } from 'playwright-core';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Asked } from '../scene.ts';

/** Getting a decision out of a real browser that the person, or a scanner, drives. */
export const browsers: readonly Attack[] = [
  {
    id: 'preview-browser',
    title: 'let a scanner’s browser run the page, without a click',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['chromium'],
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const page = await scene.page();
      await page.goto(asked.link);
      await page.waitForLoadState('networkidle');
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'foreign-site',
    title: 'post the form from another site, in the browser where the person has the page open',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['chromium'],
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const page = await scene.page();
      await page.goto(asked.link);
      const csrf = await page.locator('#approve [name=csrf]').inputValue();
      await servesForm(page, 'https://evil.example/', asked, csrf);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'foreign-fetch',
    title: 'fetch and post the page from another site’s script, with the person’s cookies',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['chromium'],
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const page = await scene.page();
      await page.goto(asked.link);
      await page.route('https://evil.example/', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<p>hello' }),
      );
      await page.goto('https://evil.example/');
      const stolen = await page.evaluate(async (link) => {
        const options: RequestInit = { credentials: 'include' };
        const text = await fetch(link, options).then(
          (reply) => reply.text(),
          () => '',
        );
        const form = { method: 'POST', body: new URLSearchParams({ decision: 'approve' }) };
        await fetch(link, { ...options, ...form, mode: 'no-cors' }).catch(() => null);
        return text;
      }, asked.link);
      return stolen !== '' || scene.wasApproved(asked);
    },
  },
  {
    id: 'framed',
    title: 'frame the page under a decoy for the person to click on',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['chromium'],
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const page = await scene.page();
      const body = `<h1>Win a prize</h1><iframe src="${asked.link.replaceAll('&', '&amp;')}" width="390" height="1600"></iframe>`;
      await page.route('https://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body }));
      await page.goto('https://evil.example/');
      await page.waitForLoadState('networkidle');
      // A button that is there can be put under the person's finger.
      const frames = page.frames().filter((frame) => frame !== page.mainFrame());
      const buttons = await Promise.all(frames.map((frame) => frame.locator('#yes').count()));
      return buttons.some((count) => count > 0) || scene.wasApproved(asked);
    },
  },
];

async function servesForm(page: Page, address: string, { link }: Asked, csrf: string): Promise<void> {
  const action = link.replaceAll('&', '&amp;');
  const body = `<form method="post" action="${action}"><input name="csrf" value="${csrf}"><button name="decision" value="approve">Win</button></form>`;
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(address);
  await page.click('button');
  await page.waitForLoadState('networkidle');
}
