import { oneLine, visible } from '../../core/text.ts';
import type { RequestRecord, StoredRow } from '../../evidence/app.ts';
import { jsonLine, jsonRow } from './json.ts';
import { rowTable } from './rows.ts';

/** All about one request, for a person. */
export function requestText(record: RequestRecord, width: number): string {
  const { request, rows } = record;
  const [first] = rows;
  const head = first === undefined ? [] : headLines(request, first);
  const details = rows.flatMap(detailLine);
  const more = details.length === 0 ? [] : ['', 'details', ...details];
  return [...head, '', ...rowTable(rows, width), ...more, '', ...decisionLines(record)].join('\n');
}

/** For programs. */
export function requestJson({ request, rows, decision, signatures }: RequestRecord): string {
  return jsonLine({ request, rows: rows.map(jsonRow), decision, signatures });
}

function headLines(request: string | null, row: StoredRow): string[] {
  const what = request === null ? `row ${row.id}, which is about no request` : `request ${oneLine(request)}`;
  const { vault, operation, session, agent, reason } = row;
  const lines = [
    ['asks for', vault === '' ? '' : `${operation} in vault ${vault}`],
    ['agent', agent],
    ['session', session],
  ].flatMap(([title = '', text = '']) => (text === '' ? [] : [`  ${title.padEnd(9)} ${oneLine(text)}`]));
  const said = reason === '' ? [] : visible(reason).split('\n');
  return [what, ...lines, ...said.map((text, at) => `  ${(at === 0 ? 'reason' : '').padEnd(9)} ${text}`)];
}

function detailLine({ id, action, detail }: StoredRow): string[] {
  return detail === null ? [] : [`  ${id} ${oneLine(action)}: ${oneLine(detail)}`];
}

function decisionLines({ decision, signatures }: RequestRecord): string[] {
  if (decision === null) return ['nothing was decided'];
  const { body, assertion } = decision;
  const signed =
    assertion === null
      ? ['not signed: it was made without a passkey, so only the log says who decided']
      : signatures.map(({ id, ok, problem }) =>
          ok ? `row ${id}: a paired passkey signed exactly this` : `row ${id}: NOT PROVED: ${problem ?? ''}`,
        );
  return ['what was decided', `  ${oneLine(body)}`, '', 'signature', ...signed.map((text) => `  ${oneLine(text)}`)];
}
