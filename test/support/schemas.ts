import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Body = Readonly<Record<string, unknown>>;

/** What an OCSF 1.8.0 API Activity gets wrong; empty if it is valid. */
export function ocsfFaults(event: Body): string[] {
  const faults = faultsOf(event, 'api_activity', '');
  const { activity_id, type_uid, metadata } = event as { activity_id: number; type_uid: number; metadata?: Body };
  if (type_uid !== ocsf.class.class_uid * 100 + activity_id) faults.push('type_uid is not class and activity');
  const profiles = metadata?.['profiles'] as readonly string[] | undefined;
  if (!(profiles ?? []).every((profile) => ocsf.class.profiles.includes(profile))) faults.push('an unknown profile');
  if ('action_id' in event && profiles?.includes('security_control') !== true)
    faults.push('action_id without its profile');
  if (metadata?.['version'] !== '1.8.0') faults.push('another version');
  if (activity_id === 99 && !('activity_name' in event)) faults.push('Other without a name');
  return faults;
}

/** What a document gets wrong of ECS 9.4; empty if it is valid. Fields of its own stand under `agent_vault`. */
export function ecsFaults(document: Body): string[] {
  const flat = flattened(document);
  const at = (key: string): unknown => flat.get(key);
  const faults = ecs.required.filter((key) => !flat.has(key)).map((key) => `${key} is missing`);
  for (const [key, value] of flat) {
    const type = ecs.fields[key];
    if (key.startsWith('agent_vault.')) continue;
    if (type === undefined) faults.push(`${key} is no field`);
    else if (!fits(value, type)) faults.push(`${key} is no ${type}`);
  }
  if (!ecs.kinds.includes(String(at('event.kind')))) faults.push('event.kind');
  if (!ecs.outcomes.includes(String(at('event.outcome')))) faults.push('event.outcome');
  const expected = (at('event.category') as string[]).flatMap((category) => ecs.types[category] ?? []);
  if (!(at('event.type') as string[]).every((type) => expected.includes(type))) faults.push('event.type');
  return faults;
}

type Type = string | readonly [string] | { readonly enum: readonly unknown[] };

interface OcsfObject {
  readonly required: readonly string[];
  readonly one_of?: readonly string[];
  readonly attributes: Readonly<Record<string, Type>>;
}

interface Ocsf {
  readonly class: { readonly class_uid: number; readonly profiles: readonly string[] };
  readonly objects: Readonly<Record<string, OcsfObject>>;
}

interface Ecs {
  readonly required: readonly string[];
  readonly fields: Readonly<Record<string, string>>;
  readonly kinds: readonly string[];
  readonly outcomes: readonly string[];
  readonly types: Readonly<Record<string, readonly string[]>>;
}

const ocsf = fixture('ocsf/api-activity-1.8.0.json') as Ocsf;
const ecs = fixture('ecs/fields-9.4.json') as Ecs;

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8'));
}

function faultsOf(value: unknown, type: Type, path: string): string[] {
  if (Array.isArray(type)) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((item, index) => faultsOf(item, String(type[0]), `${path}[${index}]`));
  }
  if (typeof type === 'object')
    return 'enum' in type && type.enum.includes(value) ? [] : [`${path} is none of its values`];
  const object = ocsf.objects[type];
  if (object === undefined) return isOf(value, type) ? [] : [`${path} is no ${type}`];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is no object`];
  const has = (key: string): boolean => (value as Body)[key] !== undefined;
  return [
    ...object.required.filter((key) => !has(key)).map((key) => `${path}.${key} is missing`),
    ...(object.one_of?.some(has) === false ? [`${path} has none of ${object.one_of.join()}`] : []),
    ...Object.entries(value).flatMap(([key, member]) => {
      const inner = object.attributes[key];
      return inner === undefined ? [`${path}.${key} is no attribute`] : faultsOf(member, inner, `${path}.${key}`);
    }),
  ];
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'any') return true;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'timestamp') return Number.isInteger(value) && Number(value) > 1e12;
  return typeof value === type && value !== '';
}

function flattened(value: Body, path = ''): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, member]): [string, unknown][] =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? [...flattened(member as Body, `${path}${key}.`)]
        : [[`${path}${key}`, member]],
    ),
  );
}

function fits(value: unknown, type: string): boolean {
  if (type.endsWith('[]')) return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (type === 'long') return Number.isInteger(value);
  if (type === 'date') return typeof value === 'string' && new Date(value).toISOString() === value;
  return typeof value === 'string' && value !== '';
}
