import { oneLine, shortened, visible } from '../../core/text.ts';
import type { Event } from './define.ts';
import { factsOf, listed, namesOf } from './facts.ts';

/** How a chat writes. */
export interface Dialect {
  readonly bold: (text: string) => string;
  /** Takes its meaning from what means something even inside code. */
  readonly escape: (text: string) => string;
}

/**
 * An event for people, in at most 2000 characters, which is what Discord takes. All that an agent wrote stands in spans and blocks of code,
 * which no chat searches for mentions, links or markup; backticks would end them and become look-alikes. What is cut says so.
 */
export function chatText(event: Event, { bold, escape }: Dialect): string {
  const { title, outcome } = factsOf(event);
  const head = `${signs[outcome]} ${bold(title)}`;
  if (event.event === 'test') return head;
  const code = (text: string, most: number): string => `\`${fitting(oneLine(text), most, escape)}\``;
  if (event.event === 'checkpoint') return `${head}: ${event.seq} rows, last hash ${code(event.hash, 100)}`;
  const names = namesOf(event);
  const lines = [
    names.length === 0 ? head : `${head}: ${code(listed(names, 20), 400)}`,
    ...(event.vault === '' ? [] : [`Vault ${code(event.vault, 100)}, ${event.operation}`]),
    ...(event.agent === '' ? [] : [`Agent ${code(event.agent, 100)}`]),
    ...(event.approver === null ? [] : [`By ${code(event.approver, 100)} (${event.factor ?? 'unknown'})`]),
    ...(event.ttlExpiresAt === null ? [] : [`Until ${event.ttlExpiresAt}`]),
    ...(event.reason === '' ? [] : [`\`\`\`\n${fitting(visible(event.reason), 600, escape)}\n\`\`\``]),
  ];
  return lines.join('\n');
}

/** Escaping makes a text longer, so it is cut until it fits; the words that say so come on top. `most` counts UTF-16 units. */
function fitting(text: string, most: number, escape: Dialect['escape']): string {
  const inert = text.replaceAll('`', 'ˋ');
  let kept = Math.min(most, Array.from(inert).length);
  while (escape(Array.from(inert).slice(0, kept).join('')).length > most) kept = Math.floor(kept * 0.8);
  return escape(shortened(inert, kept));
}

const signs = { success: '✅', failure: '⛔', unknown: '❔' } as const;
