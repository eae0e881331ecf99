import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NoteKey } from '../../src/audit/note.ts';
import { createSigner, openNote, parseNoteKey } from '../../src/audit/note.ts';

/** The example of golang.org/x/mod/sumdb/note, the first implementation of the format. */
const neumann = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  seed: Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1),
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};

const signer = createSigner('some/log', new Uint8Array(32).fill(7));

function key(vkey: string): NoteKey {
  return parseNoteKey(vkey) ?? expect.unreachable(vkey);
}

describe('a signed note', () => {
  test('is what other implementations make of the same key and text', () => {
    const { vkey, seed, text, signature } = neumann;
    const own = createSigner('PeterNeumann', seed);
    expect([own.vkey, own.sign(text)]).toEqual([vkey, `${text}\n${signature}`]);
    expect(openNote(`${text}\n${signature}`, [key(vkey)])).toMatchObject({ kind: 'signed', text });
  });

  test('may have other signatures too, which are not looked at', () => {
    const { vkey, text, signature } = neumann;
    const both = signer.sign(text) + signature;
    expect(openNote(both, [key(vkey)])).toMatchObject({ kind: 'signed', by: { name: 'PeterNeumann' } });
    expect(openNote(both, [key(signer.vkey)])).toMatchObject({ kind: 'signed', by: { name: 'some/log' } });
    expect(openNote(both, [])).toMatchObject({ kind: 'unknown', by: expect.stringContaining('PeterNeumann+c74f20a3') });
  });

  test('is bad as soon as any character of it is another, or missing', () => {
    const note = signer.sign('first line\nsecond line\n');
    const keys = [key(signer.vkey)];
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.constantFrom('', 'x', 'A', '\n', ' '), (at, instead) => {
        const changed = note.slice(0, at) + instead + note.slice(at + 1);
        fc.pre(changed !== note);
        expect(openNote(changed, keys).kind).not.toBe('signed');
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['no signature', 'text\n'],
    ['no text', signer.sign('').slice(1)],
    ['a line that is no signature', `${signer.sign('text\n')}more\n`],
    ['a signature of nothing', 'text\n\n\u2014 some/log AAAA\n'],
    ['base64 that is written in another way', signer.sign('text\n').replace(/=\n$/u, '\n')],
  ])('is bad if it has %s', (_, note) => {
    expect(openNote(note, [key(signer.vkey)])).toEqual({ kind: 'bad' });
  });
});

describe('the key of a note', () => {
  test.each([
    ['another name', (vkey: string) => vkey.replace('some', 'same')],
    ['another id', (vkey: string) => vkey.replace(/\+[0-9a-f]{8}\+/u, '+00000000+')],
    ['another kind of key', (vkey: string) => vkey.replace(/\+A/u, '+B')],
    ['less of it', (vkey: string) => vkey.slice(0, -4)],
    ['a space in its name', (vkey: string) => vkey.replace('/', ' ')],
  ])('is none with %s', (_, change) => {
    expect(parseNoteKey(change(signer.vkey))).toBe(null);
    expect(parseNoteKey(signer.vkey)).not.toBe(null);
  });
});
