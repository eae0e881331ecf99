import { isVariable } from '../config/described.ts';
import { isObject } from '../config/json.ts';
import type { VaultTerms } from '../config/terms.ts';
import type { Json } from '../core/canonical.ts';
import type { PolicyLine } from '../core/policies.ts';
import { oneLine, shortened } from '../core/text.ts';
import { isSameSource } from './difference.ts';
import { sourceInWords } from './source-words.ts';
import { inList, timeInWords, told } from './words.ts';

export function vaultLines(vault: VaultTerms): readonly PolicyLine[] {
  const cover = vault.scope === 'vault' ? 'the whole vault' : 'the secrets that you approve';
  return [
    line(vault, sourceInWords(vault), false),
    ...(vault.ttlMs > 0 ? [line(vault, `repeat reads pass for ${timeInWords(vault.ttlMs)}, for ${cover}`)] : []),
    ...(vault.writable ? [line(vault, 'agents may ask to write')] : []),
  ];
}

export function changedVaults(before: readonly VaultTerms[], now: readonly VaultTerms[]): readonly PolicyLine[] {
  const removed = before.filter(({ name }) => now.every((vault) => vault.name !== name));
  return [
    ...now.flatMap((vault) => {
      const old = before.find(({ name }) => name === vault.name);
      return old === undefined ? newVault(vault) : changed(old, vault);
    }),
    ...removed.map((vault) => line(vault, 'is removed', false)),
  ];
}

function newVault(vault: VaultTerms): readonly PolicyLine[] {
  const [source, ...rest] = vaultLines(vault);
  return [line(vault, `is new: ${source?.says ?? ''}`), ...rest];
}

function changed(before: VaultTerms, now: VaultTerms): readonly PolicyLine[] {
  const { scope, writable, confirm } = now;
  return [
    ...(isSameSource(before, now) ? [] : [line(now, sourceChange(before, now))]),
    ...(before.ttlMs === now.ttlMs ? [] : [line(now, windowChange(before, now), now.ttlMs > before.ttlMs)]),
    ...(before.scope === scope ? [] : [line(now, scopeWords[scope], scope === 'vault')]),
    ...(before.writable === writable ? [] : [line(now, `agents may ${writable ? 'ask to' : 'not'} write`, writable)]),
    ...(before.confirm === confirm ? [] : [line(now, confirmWords[confirm], confirm === 'tap')]),
  ];
}

const scopeWords = {
  vault: 'an approval can cover the whole vault instead of single secrets',
  secret: 'an approval covers single secrets instead of the whole vault',
};
const confirmWords = {
  tap: 'a tap approves, without the two digits that stand at the terminal',
  code: 'an approval needs the two digits that stand at the terminal',
};

function windowChange(before: VaultTerms, now: VaultTerms): string {
  if (now.ttlMs === 0) return 'every read asks';
  const old = before.ttlMs === 0 ? 'asking each time' : timeInWords(before.ttlMs);
  return `repeat reads pass for ${timeInWords(now.ttlMs)} instead of ${old}`;
}

function sourceChange(before: VaultTerms, now: VaultTerms): string {
  const was = sourceInWords(before);
  const is = sourceInWords(now);
  if (was !== is) return `${is}; until now it ${was}`;
  const others = variablesIn(now.options).filter(
    (each) =>
      !variablesIn(before.options).some(({ variable, keyed }) => variable === each.variable && keyed === each.keyed),
  );
  const names = [...new Set(others.map(({ variable }) => told(variable)))];
  if (names.length === 0) return `${is}; a value written in the config is another than before`;
  return `${is}; ${inList(names)} ${names.length === 1 ? 'holds another value' : 'hold other values'} than before`;
}

function variablesIn(value: Json | undefined): readonly { variable: string; keyed: string | null }[] {
  if (isVariable(value)) return [value];
  if (Array.isArray(value)) return value.flatMap((item: Json) => variablesIn(item));
  return isObject(value) ? Object.values(value).flatMap(variablesIn) : [];
}

/** A vault's name is on one line already, if it is from a config; a pinned one may come from elsewhere. */
function line({ name }: VaultTerms, says: string, isWide = true): PolicyLine {
  return { subject: `vault ${shortened(oneLine(name), 100)}`, says, isWide };
}
