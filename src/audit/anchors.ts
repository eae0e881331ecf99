import { z } from 'zod';
import { parseStatement } from './checkpoint.ts';
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
 * Finds anchors in a text: signed notes as `audit.anchor` gets them, and lines of JSON as webhooks get them, in any format that carries
 * `seq` and `hash` (Elastic: `event.sequence` and `event.hash`), also within what a collector has wrapped round them.
 */
export function parseAnchors(text: string, keys: readonly NoteKey[]): Anchors {
  const found: { anchors: Anchor[]; strangers: number[]; unsigned: { line: number; says: string }[] } = {
    anchors: [],
    strangers: [],
    unsigned: [],
  };
  for (const { line, block } of blocksOf(text)) {
    const anchor = block.includes('\n\u2014 ') ? ofNote(block, line, keys) : ofJson(block, line);
    if (anchor === null) found.strangers.push(line);
    else if ('says' in anchor) found.unsigned.push(anchor);
    else found.anchors.push(anchor);
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
    const length = (lines[at] ?? '').startsWith('agent-vault/audit/') ? noteLength(lines, at) : 1;
    const block = lines.slice(at, at + length).join('\n');
    if (block.trim() !== '') yield { line: at + 1, block: length > 1 ? `${block}\n` : block };
    at += length - 1;
  }
}

/** 1 where no signature follows within a few lines. */
function noteLength(lines: readonly string[], from: number): number {
  let end = from + 1;
  while (end < from + 10 && !(lines[end] ?? '').startsWith('\u2014 ')) end += 1;
  if (end === from + 10) return 1;
  while ((lines[end] ?? '').startsWith('\u2014 ')) end += 1;
  return end - from;
}

function ofNote(note: string, line: number, keys: readonly NoteKey[]): Anchor | { line: number; says: string } {
  const opened = openNote(note, keys);
  const statement = opened.kind === 'bad' ? null : parseStatement(opened.text);
  if (statement === null) return { line, says: 'it is no note of ours, or its signature does not fit' };
  if (opened.kind === 'unknown') return { line, says: 'it is signed by a key that is not known here' };
  return { seq: statement.size, hash: statement.head, line, origin: statement.origin };
}

const seq = z.int().positive();
const hash = z.string().regex(/^(?:sha256:)?[0-9a-f]{64}$/u);
const plain = z.object({ seq, hash });
const elastic = z.object({ event: z.object({ sequence: seq, hash }) });

function ofJson(text: string, line: number): Anchor | null {
  const found = within(parsed(text), 4);
  return found === null ? null : { seq: found.seq, hash: found.hash.replace('sha256:', ''), line, origin: null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function within(value: unknown, depth: number): z.infer<typeof plain> | null {
  if (typeof value !== 'object' || value === null) return null;
  const own = plain.safeParse(value).data;
  if (own !== undefined) return own;
  const { event } = elastic.safeParse(value).data ?? {};
  if (event !== undefined) return { seq: event.sequence, hash: event.hash };
  if (depth === 0) return null;
  for (const inner of Object.values(value)) {
    const found = within(inner, depth - 1);
    if (found !== null) return found;
  }
  return null;
}
