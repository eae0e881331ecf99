import { createHash } from 'node:crypto';
import { openNote } from './note.ts';

/** The head of the log at one moment, signed. A row of the table `checkpoints`. */
export interface Checkpoint {
  /** How many rows it covers: the id of the last of them. */
  readonly size: number;
  /** The hash of the last of them. */
  readonly head: string;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  /** The whole signed note, with its line feeds. */
  readonly note: string;
}

/** What the text of a note says. */
export interface Statement {
  /** Names the log. */
  readonly origin: string;
  readonly size: number;
  readonly head: string;
  readonly timestamp: string;
  /** Of the checkpoint before: `noteHash` of its note. Null in the first one, and where rows were pruned. */
  readonly previous: string | null;
  /** Whether the rows it covers were removed on purpose, by whoever had the key. */
  readonly pruned: boolean;
}

/** Of a log, by the hash of its first row: survives copies, migrations and pruning, and is another for a log that was made anew. */
export function originOf(firstHash: string): string {
  return `${prefix}${firstHash.slice(0, 16)}`;
}

/**
 * The text to be signed: as in https://c2sp.org/tlog-checkpoint the origin, the size and a hash in base64, which here is that of the
 * chain's last row and not of a tree; then lines of our own.
 */
export function statementText({ origin, size, head, timestamp, previous, pruned }: Statement): string {
  const own = [
    `time ${timestamp}`,
    ...(previous === null ? [] : [`previous ${previous}`]),
    ...(pruned ? ['pruned'] : []),
  ];
  return `${[origin, size, Buffer.from(head, 'hex').toString('base64'), ...own].join('\n')}\n`;
}

/** Null for a text that `statementText` has not made. */
export function parseStatement(text: string): Statement | null {
  const [, origin = '', size = '', hash = '', timestamp = '', previous, pruned] = shape.exec(text) ?? [];
  const head = Buffer.from(hash, 'base64').toString('hex');
  const statement = {
    origin,
    size: Number(size),
    head,
    timestamp,
    previous: previous ?? null,
    pruned: pruned !== undefined,
  };
  return statementText(statement) === text ? statement : null;
}

/** What a note says, whoever signed it; null if it is no note of ours. */
export function statementIn(note: string): Statement | null {
  const opened = openNote(note, []);
  return opened.kind === 'bad' ? null : parseStatement(opened.text);
}

/** SHA-256 in base64 of a whole note. */
export function noteHash(note: string): string {
  return createHash('sha256').update(note).digest('base64');
}

const prefix = 'agent-vault/audit/';
const shape =
  /^(agent-vault\/audit\/[0-9a-f]{16})\n([1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\ntime (\d{4}-\d\d-\d\dT[\d:.]{12}Z)\n(?:previous ([A-Za-z0-9+/]{43}=)\n)?(pruned\n)?$/u;
