import { access, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import type { EffectivePolicy } from '../config/terms.ts';
import type { Approver } from '../core/request.ts';
import { openStateFile } from '../platform/state-file.ts';
import { digestOf } from './difference.ts';

/** What a person approved of one config. */
export interface Pin {
  readonly policy: EffectivePolicy;
  /** ISO 8601 in UTC. */
  readonly approvedAt: string;
  readonly by: Approver;
}

/** The approved policies of all configs, in `trust.json`. Reading and writing reject with `config_invalid` if the file cannot be used. */
export interface Pins {
  /** Null if no version of this config was ever approved, or only by a version of Agent Vault that wrote it down in another way. */
  read(place: string): Promise<Pin | null>;
  write(place: string, pin: Pin): Promise<void>;
  /** Puts a tighter policy in the place of an approved one, unless that is not there any more. */
  tighten(place: string, from: EffectivePolicy, to: EffectivePolicy): Promise<void>;
  stamp(): Promise<string | null>;
}

/**
 * What a pin belongs to: the config file where it really is, so that a link that is led elsewhere leads to another config.
 * Rejects with Node's error if there is no such file.
 */
export async function placeOf({ file, folder }: Pick<Config, 'file' | 'folder'>): Promise<string> {
  return file === null ? `${environmentIn}${await realpath(folder)}` : await realpath(file);
}

export function openPins(stateFolder: string): Pins {
  const file = openStateFile({
    path: join(stateFolder, 'trust.json'),
    parse: (json) => fileSchema.parse(json),
    empty: { version: 1 as const, pins: {} },
  });
  return {
    read: async (place) => pinAt(await file.read(), place),
    write: async (place, pin) => {
      await file.change(async (now) => ({ ...now, pins: { ...(await remembered(now.pins)), [place]: entryOf(pin) } }));
    },
    tighten: async (place, from, to) => {
      await file.change((now) => {
        const pin = pinAt(now, place);
        if (pin === null || digestOf(pin.policy) !== digestOf(from)) return now;
        return { ...now, pins: { ...now.pins, [place]: entryOf({ ...pin, policy: to }) } };
      });
    },
    stamp: () => file.stamp(),
  };
}

const environmentIn = 'environment in ';
/** So many configs are remembered whether or not they still exist. */
const many = 200;

const vault = z.strictObject({
  name: z.string(),
  type: z.string(),
  options: z.record(z.string(), z.json()),
  ttlMs: z.number().min(0),
  scope: z.enum(['secret', 'vault']),
  writable: z.boolean(),
  confirm: z.enum(['tap', 'code']),
});
const webhook = z.strictObject({
  origin: z.string(),
  address: z.string(),
  variable: z.string().nullable(),
  authorization: z.json(),
  events: z.union([z.literal('all'), z.array(z.string())]),
  format: z.string(),
  options: z.record(z.string(), z.json()),
});
const policy = z.strictObject({
  vaults: z.array(vault),
  webhooks: z.array(webhook),
  tunnel: z.strictObject({
    type: z.string(),
    token: z.json(),
    domain: z.json(),
    options: z.record(z.string(), z.json()),
  }),
  port: z.int(),
  auditFile: z.string().nullable(),
  anchor: z.string().nullable(),
  approval: z.strictObject({
    expiresInMs: z.number().min(0),
    waitMs: z.number().min(0).nullable(),
    maxOpen: z.int(),
    maxPerHour: z.int(),
    cooldownMs: z.number().min(0),
  }),
});
const entry = z.strictObject({
  digest: z.string(),
  approvedAt: z.iso.datetime(),
  by: z.strictObject({ name: z.string(), factor: z.enum(['link', 'totp', 'passkey']) }),
  policy,
});

/** What another version of Agent Vault wrote of one config is kept, and counts for nothing here. */
const fileSchema = z.strictObject({ version: z.literal(1), pins: z.record(z.string(), z.json()) });
type Content = z.infer<typeof fileSchema>;
type Entries = Content['pins'];

function pinAt({ pins }: Content, place: string): Pin | null {
  const { data } = entry.safeParse(Object.hasOwn(pins, place) ? pins[place] : undefined);
  return data === undefined || data.digest !== digestOf(data.policy) ? null : data;
}

function entryOf(pin: Pin): Entries[string] {
  return z.json().parse({ ...pin, digest: digestOf(pin.policy) });
}

async function remembered(pins: Entries): Promise<Entries> {
  const all = Object.entries(pins);
  if (all.length < many) return pins;
  const exist = await Promise.all(all.map(([place]) => exists(place)));
  return Object.fromEntries(all.filter((_, at) => exist[at]));
}

async function exists(place: string): Promise<boolean> {
  const path = isAbsolute(place) ? place : place.slice(environmentIn.length);
  return access(path).then(
    () => true,
    () => false,
  );
}
