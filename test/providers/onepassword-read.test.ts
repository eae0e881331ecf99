import { ItemCategory, ItemFieldType } from '@1password/sdk';
import type { Item } from '@1password/sdk';
import { describe, expect, it } from 'vitest';
import { expectNoValue } from '../contract/provider-contract.ts';
import type { FakeOnePassword } from './fixtures/onepassword-fake.ts';
import { concealed } from './fixtures/onepassword-fake.ts';
import { bench, call } from './fixtures/onepassword-bench.ts';

interface OneItem {
  readonly fake: FakeOnePassword;
  readonly vaultId: string;
  readonly itemId: string;
  readonly read: (...names: string[]) => Promise<string[]>;
}

function oneItem(parts: Partial<Item>, title = 'Thing', vault = 'Dev'): OneItem {
  const { fake, open } = bench();
  const vaultId = fake.vault(vault);
  const itemId = fake.item(vaultId, title, parts);
  const provider = open();
  const read = async (...names: string[]): Promise<string[]> => {
    const entries = await provider.resolve(names, call);
    const known = entries.filter((entry) => entry !== null);
    return (await provider.fetch(known, call)).map((secret) => secret.reveal());
  };
  return { fake, vaultId, itemId, read };
}

const sections = [{ id: 'keys-section', title: 'Keys' }];
const inKeys = { sectionId: 'keys-section' };

describe('an item without a named field', () => {
  it.each<[string, Partial<Item>, string]>([
    ['its password', { fields: [concealed('pin', '1'), concealed('password', 'the-password')] }, 'the-password'],
    ['its credential', { fields: [concealed('credential', 'the-credential'), concealed('x', '1')] }, 'the-credential'],
    ['the only concealed field', { fields: [concealed('x', 'the-only')], sections }, 'the-only'],
    ['the only concealed field, in a section', { fields: [concealed('x', 'the-only', inKeys)], sections }, 'the-only'],
    ['the only field that is not empty', { fields: [concealed('password', ''), concealed('x', 'filled')] }, 'filled'],
    ['its concealed field before its note', { fields: [concealed('x', 'field')], notes: 'note' }, 'field'],
    ['its note', { category: ItemCategory.SecureNote, notes: 'first line\nsecond' }, 'first line\nsecond'],
    ['its SSH key', { fields: [concealed('private_key', 'PEM', { fieldType: ItemFieldType.SshKey })] }, 'PEM'],
  ])('means %s', async (_, parts, value) => {
    expect(await oneItem(parts).read('Thing')).toEqual([value]);
  });

  it('does not take a custom field that calls itself password for the built-in one', async () => {
    const fields = [concealed('password', 'custom', inKeys), concealed('x', 'other')];
    await expect(oneItem({ fields, sections }).read('Thing')).rejects.toMatchObject({ failure: 'secret_ambiguous' });
  });

  it('does not give the security code of a credit card for its number', async () => {
    const number = concealed('ccnum', '4111', { fieldType: ItemFieldType.CreditCardNumber });
    const reading = oneItem({ category: ItemCategory.CreditCard, fields: [number, concealed('cvv', '123')] }).read(
      'Thing',
    );
    await expect(reading).rejects.toMatchObject({ failure: 'secret_ambiguous' });
  });
});

describe('an item with several secrets', () => {
  const fields = [
    concealed('live', 'canary-live'),
    concealed('test', 'canary-test', inKeys),
    concealed('user', '', {}),
  ];

  it('is refused with the references of which one can be asked for instead, and each of them works', async () => {
    const { read } = oneItem({ fields, sections });
    const error = await read('Thing').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      failure: 'secret_ambiguous',
      message:
        '"Thing" holds 2 secrets and none of them is its password or credential; ' +
        'ask for one of op://Dev/Thing/live, op://Dev/Thing/Keys/test',
    });
    expectNoValue(error, ['canary-live', 'canary-test']);
    expect(await read('op://Dev/Thing/live', 'op://Dev/Thing/Keys/test')).toEqual(['canary-live', 'canary-test']);
  });

  it('names by ID what a reference cannot express or what is not clear', async () => {
    const odd = [
      concealed('field1', 'canary-1', { title: 'Schlüssel', sectionId: 'section1' }),
      concealed('field2', 'canary-2', { title: 'same', sectionId: 'section1' }),
      concealed('field3', 'canary-3', { title: 'Same', sectionId: 'section1' }),
      concealed('fïeld', 'canary-4', { title: '</script>\u202E' }),
    ];
    const { read, vaultId, itemId } = oneItem(
      { fields: odd, sections: [{ id: 'section1', title: '' }] },
      'Größe',
      'Ünter',
    );
    const start = `op://${vaultId}/${itemId}/section1`;
    const references = [`${start}/field1`, `${start}/field2`, `${start}/field3`];
    const message = `ask for one of ${references.join(', ')} (1 more cannot be written as a reference: rename the fields)`;
    await expect(read('Größe')).rejects.toThrow(message);
    expect(await read(...references)).toEqual(['canary-1', 'canary-2', 'canary-3']);
  });

  it('uses IDs for a title that another item or vault has too', async () => {
    const { fake, vaultId, itemId, read } = oneItem({ fields, sections });
    fake.password(vaultId, 'Thing', 'x');
    await expect(read(itemId)).rejects.toThrow(`op://Dev/${itemId}/live`);
    const again = oneItem({ fields, sections });
    again.fake.vault('Dev');
    await expect(again.read('Thing')).rejects.toThrow(`op://${again.vaultId}/Thing/live`);
  });

  it('says how many more there are', async () => {
    const many = Array.from({ length: 200 }, (_, at) =>
      concealed(`field-${at}`, `canary-${at}`, { title: `${'x'.repeat(120)}${at}` }),
    );
    const error = await oneItem({ fields: many }).read('Thing').catch(String);
    expect(error).toMatch(/holds 200 secrets .* and 190 more$/);
    expect(String(error).length).toBeLessThan(3_000);
  });

  it('lists the other fields when none is secret, and one-time passwords as such', async () => {
    const totp = concealed('one', 'otpauth://totp/x?secret=canary', {
      title: 'one-time password',
      fieldType: ItemFieldType.Totp,
      details: { type: 'Otp', content: { code: '123456' } },
    });
    const user = concealed('username', 'me', { fieldType: ItemFieldType.Text });
    const { read } = oneItem({ fields: [user, totp] });
    await expect(read('Thing')).rejects.toThrow(
      'op://Dev/Thing/username, op://Dev/Thing/one-time password?attribute=otp',
    );
    expect(await read('op://Dev/Thing/one-time password?attribute=otp')).toEqual(['123456']);
  });

  it('says how to read a file when there is no field at all', async () => {
    const { read, vaultId, itemId } = oneItem({ category: ItemCategory.Document });
    await expect(read('Thing')).rejects.toMatchObject({
      failure: 'secret_unknown',
      message: expect.stringContaining(`op://${vaultId}/${itemId}/file-name`),
    });
  });
});

describe('a batch', () => {
  it('costs one request for all references, and one for each 50 items of a vault', async () => {
    const { fake, open } = bench();
    const [dev, prod] = [fake.vault('Dev'), fake.vault('Prod')];
    const titles = Array.from({ length: 60 }, (_, at) => `item ${at}`);
    for (const title of titles) fake.password(dev, title, `value of ${title}`);
    fake.password(prod, 'other', 'value of other');
    const names = [...titles, 'op://Dev/item 1/password', 'other', 'op://Prod/other/password'];
    const provider = open();
    const entries = (await provider.resolve(names, call)).filter((entry) => entry !== null);
    fake.calls.length = 0;
    const values = await provider.fetch(entries, call);
    const expected = [
      ...titles.map((title) => `value of ${title}`),
      'value of item 1',
      'value of other',
      'value of other',
    ];
    expect(values.map((secret) => secret.reveal())).toEqual(expected);
    expect(fake.calls.sort()).toEqual(['getAll', 'getAll', 'getAll', 'resolveAll']);
  });

  it('costs nothing when nothing is asked', async () => {
    const { fake, open } = bench();
    expect(await open().fetch([], call)).toEqual([]);
    expect(fake.calls).toEqual([]);
  });
});

describe('a reference that leads nowhere', () => {
  const fields = [
    concealed('password', 'canary'),
    concealed('twin', 'a', inKeys),
    concealed('twin2', 'b', { ...inKeys, title: 'twin' }),
  ];

  it.each([
    ['op://Dev/Thing/nothing', 'secret_unknown', 'names a field that the item does not have'],
    ['op://Dev/Thing/Nowhere/password', 'secret_unknown', 'names a field that the item does not have'],
    ['op://Dev/Thing/Keys/twin', 'secret_ambiguous', 'fits several fields of the item'],
    [
      'op://Dev/Thing/password?attribute=otp',
      'provider_refused',
      'asks for a one-time password, and the field holds none',
    ],
  ])('%s: %s', async (name, failure, words) => {
    const reading = oneItem({ fields, sections }).read(name);
    await expect(reading).rejects.toMatchObject({ failure, message: expect.stringContaining(`"${name}" ${words}`) });
  });

  it('gives no value when 1Password answers for another item than was approved', async () => {
    const { fake, open } = bench();
    const vaultId = fake.vault('Dev');
    const itemId = fake.password(vaultId, 'Thing', 'x');
    const provider = open();
    const entries = (await provider.resolve(['op://Dev/Thing/password'], call)).filter((entry) => entry !== null);
    fake.remove(vaultId, 'Thing');
    fake.password(vaultId, itemId, 'canary-of-another-item');
    const error = await provider.fetch(entries, call).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'secret_changed', message: expect.stringContaining('led to another item') });
    expectNoValue(error, ['canary-of-another-item']);
  });
});
