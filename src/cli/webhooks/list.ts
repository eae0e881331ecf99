import { oneLine } from '../../core/text.ts';
import type { Endpoint } from '../../evidence/webhooks.ts';
import { fit } from '../audit/fit.ts';
import { jsonLine } from '../audit/json.ts';

/** Who is told, and what waits for them. Of an address, the host only: the rest can be as good as a password. */
export function endpointList(endpoints: readonly Endpoint[], width: number): string {
  if (endpoints.length === 0) return 'No webhook is configured, and nothing waits for one.';
  const notes = endpoints.flatMap(noteLines);
  return [...fit(columns, endpoints.map(line), width), ...(notes.length === 0 ? [] : ['', ...notes])].join('\n');
}

/** For programs. */
export function endpointsJson(endpoints: readonly Endpoint[]): string {
  return jsonLine(
    endpoints.map(({ webhook, ...endpoint }) => ({
      ...endpoint,
      format: webhook?.plugin.type ?? null,
      events: webhook?.events ?? null,
      required: webhook?.required ?? false,
    })),
  );
}

const columns = [
  { title: '#' },
  { title: 'to', least: 12 },
  { title: 'format' },
  { title: 'waiting' },
  { title: 'delivered (1 day)' },
  { title: 'given up' },
  { title: 'state', least: 8 },
];

function line(endpoint: Endpoint): readonly string[] {
  const { number, name, webhook, waiting, delivered, dead } = endpoint;
  return [
    String(number),
    oneLine(name),
    webhook?.plugin.type ?? '-',
    String(waiting),
    String(delivered),
    String(dead),
    stateOf(endpoint),
  ];
}

function stateOf({ standing, disabled, nextTry, webhook }: Endpoint): string {
  if (standing === 'former') return 'not in the config any more';
  if (standing === 'new') return 'not approved yet: told nothing';
  if (disabled !== null) return 'disabled';
  const words = nextTry === null ? 'ok' : 'failing';
  return webhook?.required === true ? `${words}, required` : words;
}

function noteLines({ number, disabled, problem, oldest, nextTry }: Endpoint): readonly string[] {
  const lines = [
    disabled === null ? '' : `disabled: ${oneLine(disabled)}; to enable it: agent-vault webhooks retry ${number}`,
    problem === null ? '' : `last problem: ${oneLine(problem)}`,
    oldest === null ? '' : `the oldest event waits since ${oldest}`,
    nextTry === null ? '' : `next try: ${nextTry}`,
  ];
  return lines.filter((text) => text !== '').map((text) => `${number}: ${text}`);
}
