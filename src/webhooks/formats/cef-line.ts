import { oneLine, shortened, visible } from '../../core/text.ts';
import type { Event, FormatContext } from './define.ts';
import { factsOf, listed, messageOf, namesOf } from './facts.ts';

/** ArcSight's Common Event Format, version 0: one line. Texts longer than their field are cut, saying so. */
export function cefLine(event: Event, { host, version }: FormatContext): string {
  const { type, title, severity } = factsOf(event);
  const header = ['CEF:0', 'agent-vault', 'agent-vault', version, type, title, String(severity)];
  const extension = fieldsOf(event, host).flatMap(([key, value]) =>
    value === null || value === '' ? [] : [`${key}=${extensionValue(value)}`],
  );
  return `${header.map(headerValue).join('|')}|${extension.join(' ')}`;
}

type Field = readonly [key: string, value: string | null];

/** The custom strings take 4000 characters, the others 1023. */
function fieldsOf(event: Event, host: string): readonly Field[] {
  const { outcome } = factsOf(event);
  const common: Field[] = [
    ['rt', String(Date.parse(event.timestamp))],
    ['dvchost', host],
    ['externalId', event.id],
    ['outcome', outcome],
    ['msg', cut(messageOf(event), 900)],
  ];
  if (event.event === 'test') return common;
  const proof = [...common, ['cn1', String(event.seq)], ['cn1Label', 'seq'], ...custom(6, 'hash', event.hash)] as const;
  if (event.event === 'checkpoint') return [...proof, ...custom(1, 'checkpoint', event.note)];
  return [
    ...proof,
    ['act', event.operation],
    ['suser', cut(event.approver ?? '', 900)],
    ['requestClientApplication', cut(event.agent, 900)],
    ['reason', cut(event.reason, 900)],
    ...custom(1, 'secrets', cut(listed(namesOf(event), 200), 3900)),
    ...custom(2, 'requestId', event.requestId ?? ''),
    ...custom(3, 'vault', event.vault),
    ...custom(4, 'session', event.session),
    ...custom(5, 'factor', event.factor ?? ''),
  ];
}

function custom(at: number, label: string, value: string): readonly Field[] {
  return value === ''
    ? []
    : [
        [`cs${at}`, value],
        [`cs${at}Label`, label],
      ];
}

function cut(text: string, most: number): string {
  return shortened(text, most);
}

function headerValue(text: string): string {
  return oneLine(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|');
}

function extensionValue(text: string): string {
  return visible(text).replaceAll('\\', '\\\\').replaceAll('=', '\\=').replaceAll('\n', '\\n');
}
