import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SecretEvent } from '../../../src/webhooks/formats/define.ts';
import { hostile, httpFormat, secretEvent } from './samples.ts';

const chats = { slack: { key: 'text', most: 3000 }, discord: { key: 'content', most: 2000 } } as const;

/** What people see of it. */
function told(chat: keyof typeof chats, changes: Partial<SecretEvent>): string {
  const body: unknown = JSON.parse(httpFormat(chat).item(secretEvent(1, changes)));
  return (body as Record<string, string>)[chats[chat].key]!;
}

/** What a chat reads as markup: all that stands outside code. */
function markup(text: string): string {
  return text.replace(/```\n[^`]*```/gu, 'BLOCK').replace(/`[^`\n]*`/gu, 'SPAN');
}

function everywhere(text: string): Partial<SecretEvent> {
  return { reason: text, agent: text, vault: text, approver: text, secrets: [text, text] };
}

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '`',
      '```',
      '<',
      '>',
      '&',
      '@',
      '@everyone',
      '<!here>',
      '*',
      '_',
      '\n',
      '\\',
      '|',
      '[a](b)',
      '\u202E',
      '\u200B',
      '#',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  ),
  minLength: 1,
  maxLength: 2000,
});

describe.each(['slack', 'discord'] as const)('a message for %s', (chat) => {
  const harmless = markup(told(chat, everywhere('x')));

  it('has what agents wrote in code alone, where there are no mentions, links or markup', () => {
    expect(harmless).toMatch(
      /Access approved[*]+: SPAN\nVault SPAN, read\nAgent SPAN\nBy SPAN \(passkey\)\nUntil .*\nBLOCK$/u,
    );
    expect(markup(told(chat, everywhere(hostile)))).toBe(harmless);
    fc.assert(
      fc.property(nasty, (text) => {
        expect(markup(told(chat, everywhere(text)))).toBe(harmless);
      }),
    );
  });

  it('shows what is not seen as escapes, and cuts what is too long, saying so', () => {
    expect(told(chat, everywhere('\u202Eevil\u200B'))).toContain('\\u{202e}evil\\u{200b}');
    const text = told(chat, everywhere('&<`'.repeat(700)));
    expect(text.length).toBeLessThan(chats[chat].most);
    expect(text.match(/… \(\d+ more characters\)/gu)).toHaveLength(5);
    fc.assert(
      fc.property(nasty, (each) => {
        expect(told(chat, everywhere(each)).length).toBeLessThan(chats[chat].most);
      }),
    );
  });

  it('names twenty secrets, and says how many more there are', () => {
    const secrets = Array.from({ length: 23 }, (_, at) => `N${at}`);
    expect(told(chat, { secrets })).toContain('N19 and 3 more`');
  });
});

describe('a message for Slack', () => {
  it('holds nothing that Slack reads as a link, a mention or an entity of the agent', () => {
    const text = told('slack', everywhere(hostile));
    expect(text).not.toMatch(/[<>]/u);
    expect(text.match(/&(?!amp;|lt;|gt;)/gu)).toBeNull();
    expect(JSON.parse(httpFormat('slack').item(secretEvent(1)))).toMatchObject({
      unfurl_links: false,
      unfurl_media: false,
      blocks: [{ text: { verbatim: true } }],
    });
  });
});

describe('a message for Discord', () => {
  it('pings nobody and loads no link', () => {
    expect(JSON.parse(httpFormat('discord').item(secretEvent(1)))).toMatchObject({
      allowed_mentions: { parse: [] },
      flags: 4,
    });
  });
});
