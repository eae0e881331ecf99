import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, root, textOf } from './markdown.ts';

describe.each(pages)('%s', (page) => {
  const prose = withoutCode(textOf(page));
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/gu)].map(([, a, b]) => a ?? b!);

  it('links to files and headings that exist', () => {
    const local = links.filter((link) => !/^[a-z]+:/u.test(link));
    expect(local.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  it('links to the web by https only', () => {
    expect(links.filter((link) => /^[a-z]+:/u.test(link) && !link.startsWith('https://'))).toEqual([]);
  });

  it('has each heading once, so that its anchor is its own', () => {
    const headings = headingsOf(page).filter((heading) => page !== 'CHANGELOG.md' || !changes.has(heading));
    expect(new Set(headings).size).toBe(headings.length);
  });
});

describe('the check of links', () => {
  it('would notice a missing file and a missing heading', () => {
    expect(leadsSomewhere('README.md', 'docs/nothing.md')).toBe(false);
    expect(leadsSomewhere('README.md', '#no-such-heading')).toBe(false);
    expect(leadsSomewhere('README.md', 'SECURITY.md#no-such-heading')).toBe(false);
    expect(leadsSomewhere('README.md', 'SECURITY.md#assets')).toBe(true);
  });
});

/** Keep a Changelog has these under each version; nothing links to them. */
const changes = new Set(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']);

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || headingsOf(target).map(anchorOf).includes(anchor);
}

function headingsOf(page: string): string[] {
  return [...withoutCode(textOf(page)).matchAll(/^#{1,6} (.+)$/gmu)].map(([, heading]) => heading!);
}

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gmu, '');
}
