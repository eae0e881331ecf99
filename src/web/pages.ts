import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Eta } from 'eta';
import type { HomePage, SignInPage } from './home-models.ts';
import type { OutcomePage } from './outcome.ts';
import type { RequestPage } from './view-models.ts';

/** A page that says one thing. */
export interface MessagePage {
  readonly heading: string;
  readonly paragraphs: readonly string[];
}

export interface Pages {
  request(page: RequestPage): string;
  outcome(page: OutcomePage): string;
  message(page: MessagePage): string;
  home(page: HomePage): string;
  signIn(page: SignInPage): string;
  /** What it is about comes later, with the code. */
  pair(): string;
  /** By the last part of its path; only these exist. */
  readonly assets: ReadonlyMap<string, Asset>;
}

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const templates = [
  'layout',
  'asked',
  'then',
  'config',
  'request',
  'outcome',
  'message',
  'pair',
  'home',
  'line',
  'sign-in',
];

const assetTypes: ReadonlyMap<string, string> = new Map([
  ['style.css', 'text/css; charset=utf-8'],
  ['request.js', 'text/javascript; charset=utf-8'],
  ['pair.js', 'text/javascript; charset=utf-8'],
  ['pair.css', 'text/css; charset=utf-8'],
  ['home.js', 'text/javascript; charset=utf-8'],
  ['home.css', 'text/css; charset=utf-8'],
  ['sign-in.js', 'text/javascript; charset=utf-8'],
  ['choices.js', 'text/javascript; charset=utf-8'],
  ['passkey.js', 'text/javascript; charset=utf-8'],
  ['webauthn.js', 'text/javascript; charset=utf-8'],
  ['manifest.webmanifest', 'application/manifest+json'],
  ['icon-180.png', 'image/png'],
  ['icon-192.png', 'image/png'],
  ['icon-512.png', 'image/png'],
  ['icon.svg', 'image/svg+xml'],
  ['approved.svg', 'image/svg+xml'],
  ['denied.svg', 'image/svg+xml'],
  ['expired.svg', 'image/svg+xml'],
  ['ended.svg', 'image/svg+xml'],
]);

/** Reads all templates and assets, so that a page does not depend on files that may be replaced while this process runs. */
export async function loadPages(): Promise<Pages> {
  const folder = viewsFolder();
  const eta = new Eta({ autoEscape: true, cache: true });
  for (const name of templates) eta.loadTemplate(`@${name}`, await readFile(new URL(`${name}.eta`, folder), 'utf8'));
  return {
    request: (page) => eta.render('@request', page),
    outcome: (page) => eta.render('@outcome', page),
    message: (page) => eta.render('@message', page),
    home: (page) => eta.render('@home', page),
    signIn: (page) => eta.render('@sign-in', page),
    pair: () => eta.render('@pair', {}),
    assets: await loadAssets(new URL('assets/', folder)),
  };
}

async function loadAssets(folder: URL): Promise<ReadonlyMap<string, Asset>> {
  const entries = [...assetTypes].map(async ([name, type]): Promise<[string, Asset]> => {
    const file = name === 'webauthn.js' ? webauthnFile() : new URL(name, folder);
    return [name, { type, body: await readFile(file) }];
  });
  return new Map(await Promise.all(entries));
}

/** Beside the sources, and beside the bundle, whose chunks lie at another depth. */
function viewsFolder(): URL {
  return new URL('.', present(['../../views/layout.eta', '../views/layout.eta']));
}

/** The browser's half of @simplewebauthn: where the build puts it, or else where it was installed. */
function webauthnFile(): URL {
  const installed = '../../node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js';
  return present(['./webauthn.js', '../webauthn.js', installed]);
}

function present(paths: readonly string[]): URL {
  const found = paths.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new Error(`the package is incomplete: ${paths.join(', ')}`);
  return found;
}
