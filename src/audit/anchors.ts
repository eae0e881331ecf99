import { z } from 'zod';
import { parseStatement, statementIn } from './checkpoint.ts';
import type { NoteKey } from './note.ts';
import { openNote } from './note.ts';

/** What somebody else has kept of a log: the hash of one of its rows. */
export interface Anchor {
  /** The row, by its id. */
  readonly seq: number;
  readonly hash: string;
  /** Where it stands in its file, counted from 1. */
  readonly line: number;
  /** Of a checkpoint: what log it is of. Null where it does not say. */
  readonly origin: string | null;
}

export interface Anchors {
  /** By ascending row. */
  readonly anchors: readonly Anchor[];
  /** Lines that hold no anchor. */
  readonly strangers: readonly number[];
  /** Lines where a note begins that none of the keys has signed, and why. */
  readonly unsigned: readonly { readonly line: number; readonly says: string }[];
}

/**
 * Finds anchors in a text: signed notes as `audit.anchor` gets them, and lines as webhooks get them, in the formats that carry a row's
 * number and hash: JSON (also within what a collector has wrapped round it) and CEF.
 */
export function parseAnchors(text: string, keys: readonly NoteKey[]): Anchors {
  const found: { anchors: Anchor[]; strangers: number[]; unsigned: { line: number; says: string }[] } = {
    anchors: [],
    strangers: [],
    unsigned: [],
  };
  for (const { line, block } of blocksOf(text)) {
    if (block.includes('\n\u2014 ')) {
      const anchor = ofNote(block, line, keys);
      if ('says' in anchor) found.unsigned.push(anchor);
      else found.anchors.push(anchor);
      continue;
    }
    const anchors = ofLine(block, line);
    if (anchors.length === 0) found.strangers.push(line);
    found.anchors.push(...anchors);
  }
  return { ...found, anchors: found.anchors.sort((a, b) => a.seq - b.seq) };
}

interface Block {
  readonly line: number;
  readonly block: string;
}

/** A note from its first line to its last signature; any other line that is not empty, by itself. */
function* blocksOf(text: string): Generator<Block> {
  const lines = text.split(/\r?\n/u);
  for (let at = 0; at < lines.length; at += 1) {
    const length = isHead(lines[at]) ? noteLength(lines, at) : 1;
    const block = lines.slice(at, at + length).join('\n');
    if (block.trim() !== '') yield { line: at + 1, block: length > 1 ? `${block}\n` : block };
    at += length - 1;
  }
}

/** 1 where no signature follows within a few lines, or another note before it: a full disk can cut one off. */
function noteLength(lines: readonly string[], from: number): number {
  let end = from + 1;
  while (end < from + 10 && !isSignature(lines[end]) && !isHead(lines[end])) end += 1;
  if (!isSignature(lines[end])) return 1;
  while (isSignature(lines[end])) end += 1;
  return end - from;
}

function isHead(line = ''): boolean {
  return line.startsWith('agent-vault/audit/');
}

/** A whole one: 68 bytes in base64, or more of another kind. */
function isSignature(line = ''): boolean {
  return /^\u2014 \S+ (?:[A-Za-z0-9+/]{4}){22,}(?:[A-Za-z0-9+/]{3}[A-Za-z0-9+/=]|[A-Za-z0-9+/]{2}==)$/u.test(line);
}

function ofNote(note: string, line: number, keys: readonly NoteKey[]): Anchor | { line: number; says: string } {
  const opened = openNote(note, keys);
  const statement = opened.kind === 'bad' ? null : parseStatement(opened.text);
  if (statement === null) return { line, says: 'it is no note of ours, or its signature does not fit' };
  if (opened.kind === 'unknown') return { line, says: 'it is signed by a key that is not known here' };
  return { seq: statement.size, hash: statement.head, line, origin: statement.origin };
}

const seq = z.int().positive();
const hash = z
  .string()
  .regex(/^(?:sha256:)?[0-9a-f]{64}$/u)
  .transform((text) => text.replace('sha256:', ''));
const note = z.string().optional();

/** What the formats call them. */
const shapes = z.union([
  z.object({ seq, hash, note }),
  z.object({ sequence: seq, hash }).transform((found) => ({ seq: found.sequence, hash: found.hash })),
  z
    .object({ Seq: seq, RowHash: hash, Checkpoint: note })
    .transform((found) => ({ seq: found.Seq, hash: found.RowHash, note: found.Checkpoint })),
  z
    .object({ metadata: z.object({ sequence: seq }), unmapped: z.object({ hash, note }) })
    .transform(({ metadata, unmapped }) => ({ seq: metadata.sequence, ...unmapped })),
]);

type Found = z.infer<typeof shapes>;

const cefFields = / cn1=(\d+) cn1Label=seq .*\bcs6=([0-9a-f]{64}) cs6Label=hash\b/u;

function ofLine(text: string, line: number): readonly Anchor[] {
  const [, number, digest = ''] = text.includes('CEF:0|agent-vault|') ? (cefFields.exec(text) ?? []) : [];
  if (number !== undefined) return [{ seq: Number(number), hash: digest, line, origin: null }];
  return within(parsed(text), 6).map((found) => ({ seq: found.seq, hash: found.hash, line, origin: originOf(found) }));
}

/** An event of a checkpoint has its note. */
function originOf(found: Found): string | null {
  const statement = 'note' in found && found.note !== undefined ? statementIn(found.note) : null;
  return statement?.size === found.seq && statement.head === found.hash ? statement.origin : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function within(value: unknown, depth: number): readonly Found[] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  const own = shapes.safeParse(value).data;
  return own === undefined ? Object.values(value).flatMap((inner) => within(inner, depth - 1)) : [own];
}
