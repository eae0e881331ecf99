import { mkdtemp, rm } from 'node:fs/promises';
import { request as forward } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, phone } from '../support/browser.ts';
import { makeCertificate } from '../support/certificate.ts';
import type { Stand } from '../web/support.ts';
import { openStand, tunnelAt } from '../web/support.ts';

let browser: Browser;
let edge: Server;
let stand: Stand;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-https-'));
  edge = createServer(makeCertificate(folder), (request, response) => {
    const { method, url, headers } = request;
    const onward = forward({ host: '127.0.0.1', port: stand.port(), method, path: url, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      reply.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  const address = edge.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  stand = openStand({ tunnel: tunnelAt(() => `https://localhost:${port}`) });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
  edge.closeAllConnections();
  edge.close();
  await rm(folder, { recursive: true });
});

describe('through a tunnel with https', { timeout: 30_000 }, () => {
  it.each([true, false])(
    'the page is opened, decided, and shows what became of it (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const { url, request } = await stand.ask();
      const context = await phone(browser, { ignoreHTTPSErrors: true, javaScriptEnabled });
      const page = await context.newPage();
      await page.goto(url.href);
      const [cookie] = await context.cookies();
      expect(cookie).toMatchObject({
        name: `__Host-av-${request.id}`,
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
      });
      await page.tap('.approve');
      await page.waitForSelector('main.end');
      expect(await page.locator('h1').textContent()).toBe('Approved');
      expect(request.state).toBe('approved');
      await context.close();
    },
  );

  it('a form on another origin cannot decide, although the browser has the cookie', async () => {
    const { url, request } = await stand.ask();
    const context = await phone(browser, { ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(url.href);
    const csrf = await page.locator('#approve [name=csrf]').inputValue();
    const foreign = `<form method="post" action="${url.href.replace('&', '&amp;')}"><input name="csrf" value="${csrf}"><button name="decision" value="approve">x</button></form>`;
    await page.route('https://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body: foreign }));
    await page.goto('https://evil.example/');
    await page.click('button');
    await page.waitForSelector('main.end');
    expect(await page.locator('h1').textContent()).toBe('Not accepted');
    expect(request.state).toBe('pending');
    await context.close();
  });
});
