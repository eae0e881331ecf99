import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { verifyDecision } from '../approvers/evidence.ts';
import { openRoster } from '../approvers/roster.ts';
import type { Anchors } from '../audit/anchors.ts';
import { parseAnchors } from '../audit/anchors.ts';
import { rowHash } from '../audit/chain.ts';
import { verifyExport } from '../audit/export.ts';
import { auditPublicKey } from '../audit/key.ts';
import type { NoteKey } from '../audit/note.ts';
import { parseNoteKey } from '../audit/note.ts';
import type { Report } from '../audit/report.ts';
import type { VerifyOptions } from '../audit/verify.ts';
import { verifyLog } from '../audit/verify.ts';
import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { systemClock } from '../platform/clock.ts';

export interface Verifying {
  /** Public keys that checkpoints may be signed with ("name+id+key"); without any, that of this machine counts. */
  readonly keys: readonly string[];
  /** Files with what others have kept of the log. */
  readonly anchors: readonly string[];
  readonly stateFolder: string;
  readonly onProgress: (rows: number) => void;
}

export interface Verified {
  readonly report: Report;
  /** Lines of the anchors' files that hold no anchor. */
  readonly strangers: number;
}

/** Never rejects for what is in the log. Rejects with `input_invalid` for keys and anchors that cannot be read. */
export async function verify(
  file: string,
  { keys, anchors: files, stateFolder, onProgress }: Verifying,
): Promise<Verified> {
  const known = await keysFor(keys, stateFolder);
  const anchors = files.length === 0 ? null : await anchorsIn(files, known);
  const decisions = await decisionCheck(stateFolder);
  const options = { keys: known, anchors, onProgress, ...decisions };
  const report = (await isExport(file)) ? await verifyExport(linesOf(file), options) : await verifyLog(file, options);
  if (known.length === 0 && report.checkpoints > 0) throw keyless();
  return { report, strangers: anchors?.strangers.length ?? 0 };
}

/** A database begins with its name. */
async function isExport(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return false;
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    return buffer.toString() === '{';
  } finally {
    await handle.close();
  }
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Infinity });
}

async function keysFor(texts: readonly string[], stateFolder: string): Promise<readonly NoteKey[]> {
  const own = texts.length > 0 ? null : await auditPublicKey(stateFolder);
  return [...texts, ...(own === null ? [] : [own])].map((text) => {
    const key = parseNoteKey(text.trim());
    if (key !== null) return key;
    throw new VaultError('input_invalid', `this is no public key of a log: ${oneLine(text)}`, {
      hint: 'agent-vault doctor shows it, on the machine that writes the log: "agent-vault/audit+…+…"',
    });
  });
}

async function anchorsIn(files: readonly string[], keys: readonly NoteKey[]): Promise<Anchors> {
  const texts = await Promise.all(files.map(textOf));
  return parseAnchors(texts.join('\n'), keys);
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new VaultError('input_invalid', `the anchors in ${oneLine(file)} cannot be read`, { cause });
  });
}

/** Where nobody was ever paired, nobody knows whose signatures they are. */
async function decisionCheck(stateFolder: string): Promise<Pick<VerifyOptions, 'verifyDecision'>> {
  const approvers = await openRoster(stateFolder, systemClock).read();
  if (approvers.generation === 0) return {};
  return { verifyDecision: (evidence) => verifyDecision({ ...evidence, approvers, rowHash }) };
}

function keyless(): VaultError {
  return new VaultError('input_invalid', 'there is no key here to check the log’s checkpoints with', {
    hint: 'give the public key with --key; agent-vault doctor shows it, on the machine that writes the log',
  });
}
