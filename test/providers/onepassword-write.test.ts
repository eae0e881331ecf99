import { ItemCategory, ItemFieldType } from '@1password/sdk';
import { describe, expect, it } from 'vitest';
import { expectNoValue } from '../contract/provider-contract.ts';
import type { Provider, Writer } from '../../src/core/ports.ts';
import type { PlannedWrite } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import type { OnePasswordSettings } from '../../src/providers/onepassword-provider.ts';
import { bench, call } from './fixtures/onepassword-bench.ts';
import { concealed, FakeOnePassword } from './fixtures/onepassword-fake.ts';

interface Desk {
  readonly fake: FakeOnePassword;
  readonly dev: string;
  readonly prod: string;
  readonly open: (settings?: Partial<OnePasswordSettings>) => Writer;
}

function desk(): Desk {
  const fake = new FakeOnePassword();
  const [dev, prod] = [fake.vault('Dev'), fake.vault('Prod')];
  const write = { vaultId: dev, category: 'login' as const };
  const open = (settings: Partial<OnePasswordSettings> = { write }): Writer => writerOf(bench(fake).open(settings));
  return { fake, dev, prod, open };
}

function writerOf({ writer }: Provider): Writer {
  if (writer === undefined) throw new Error('there is no writer');
  return writer;
}

const plan = (writer: Writer, writes: Record<string, string>): Promise<readonly PlannedWrite[]> =>
  writer.plan(
    Object.entries(writes).map(([name, value]) => ({ name, value: new Secret(value) })),
    call,
  );

async function writeAll(writer: Writer, writes: Record<string, string>): Promise<void> {
  await writer.write(await plan(writer, writes), call);
}

describe('a new item', () => {
  it.each([
    ['login', ItemCategory.Login, 'password'],
    ['password', ItemCategory.Password, 'password'],
    ['api_credentials', ItemCategory.ApiCredentials, 'credential'],
  ] as const)('of category %s holds the value where a read finds it', async (category, expected, field) => {
    const { fake, dev, open } = desk();
    await writeAll(open({ write: { vaultId: dev, category } }), { 'Neü 🔑': 'canary' });
    const stored = fake.find(dev, 'Neü 🔑');
    expect(stored).toMatchObject({
      category: expected,
      fields: [{ id: field, fieldType: 'Concealed', value: 'canary' }],
    });
  });

  it('of category secure_note holds the value as its note', async () => {
    const { fake, dev, open } = desk();
    await writeAll(open({ write: { vaultId: dev, category: 'secure_note' } }), { Note: 'line 1\nline 2' });
    expect(fake.find(dev, 'Note')).toMatchObject({ category: ItemCategory.SecureNote, notes: 'line 1\nline 2' });
  });

  it('is created in write.vaultId even if another vault has that title', async () => {
    const { fake, dev, prod, open } = desk();
    fake.password(prod, 'Stripe', 'old');
    const writer = open();
    const planned = await plan(writer, { Stripe: 'canary' });
    expect(planned).toMatchObject([{ name: 'Stripe', effect: 'create', group: dev, groupTitle: 'Dev' }]);
    await writer.write(planned, call);
    expect(fake.find(prod, 'Stripe')?.fields[0]?.value).toBe('old');
  });

  it('is refused without write settings, naming the keys that are missing', async () => {
    await expect(plan(desk().open({}), { New: 'canary' })).rejects.toMatchObject({
      failure: 'value_unwritable',
      hint: 'set write.vaultId (and write.category) for this vault',
    });
  });

  it.each(['op://Dev/New', 'op://Dev/New/password', ' spaces ', 'hidden\u200B', 'x'.repeat(257)])(
    'is refused under the name %j',
    async (name) => {
      await expect(plan(desk().open(), { [name]: 'canary' })).rejects.toMatchObject({ failure: 'value_unwritable' });
    },
  );

  it('is refused when the account does not see the vault to write to', async () => {
    const planning = plan(desk().open({ write: { vaultId: 'missing', category: 'login' } }), { New: 'x' });
    await expect(planning).rejects.toMatchObject({ failure: 'value_unwritable' });
  });
});

describe('a replacement', () => {
  it('changes the one value and leaves the rest of the item as it was', async () => {
    const { fake, dev, open } = desk();
    const fields = [concealed('username', 'me', { fieldType: ItemFieldType.Text }), concealed('password', 'old')];
    fake.item(dev, 'Stripe', { fields, notes: 'a note', tags: ['a tag'] });
    await writeAll(open(), { Stripe: 'new' });
    expect(fake.find(dev, 'Stripe')).toMatchObject({
      fields: [{ value: 'me' }, { value: 'new' }],
      notes: 'a note',
      tags: ['a tag'],
      version: 2,
    });
  });

  it('is possible without write settings, in every vault in use', async () => {
    const { fake, prod, open } = desk();
    fake.password(prod, 'Stripe', 'old');
    await writeAll(open({}), { Stripe: 'new' });
    expect(fake.find(prod, 'Stripe')?.fields[0]?.value).toBe('new');
  });

  it('reaches a field by reference, also one that is empty or not concealed', async () => {
    const { fake, dev, open } = desk();
    const user = concealed('username', 'me', { fieldType: ItemFieldType.Text });
    const token = concealed('tok', '', { title: 'Token', sectionId: 's1' });
    fake.item(dev, 'Stripe', {
      fields: [user, token, concealed('password', 'old')],
      sections: [{ id: 's1', title: 'Keys' }],
    });
    await writeAll(open(), { 'op://Dev/Stripe/username': 'you', 'op://Dev/Stripe/keys/token': 't', Stripe: 'new' });
    expect(fake.find(dev, 'Stripe')?.fields.map(({ value }) => value)).toEqual(['you', 't', 'new']);
  });

  it.each([
    ['the empty password of a login', { fields: [concealed('password', '')] }],
    ['the note of a secure note', { category: ItemCategory.SecureNote }],
  ])('fills %s', async (_, parts) => {
    const { fake, dev, open } = desk();
    fake.item(dev, 'Stripe', parts);
    await writeAll(open(), { Stripe: 'new' });
    const item = fake.find(dev, 'Stripe');
    expect([item?.notes, item?.fields[0]?.value]).toContain('new');
  });

  it('writes nothing when the item holds several secrets, and says which of them can be written', async () => {
    const { fake, dev, open } = desk();
    fake.item(dev, 'Stripe', { fields: [concealed('a', '1'), concealed('b', '2')] });
    const writing = writeAll(open(), { New: 'canary-new', Stripe: 'canary' });
    await expect(writing).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    await expect(writing).rejects.toThrow(/op:\/\/Dev\/Stripe\/a, op:\/\/Dev\/Stripe\/b; nothing was written$/);
    expect(fake.find(dev, 'New')).toBeUndefined();
    expect(fake.calls).not.toContain('put');
  });

  it('is refused for a title that two items share', async () => {
    const { fake, dev, open } = desk();
    fake.password(dev, 'Stripe', '1');
    fake.password(dev, 'Stripe', '2');
    await expect(plan(open(), { Stripe: 'canary' })).rejects.toMatchObject({ failure: 'secret_ambiguous' });
  });

  it.each([
    ['an SSH key', 'Item', concealed('private_key', 'PEM', { fieldType: ItemFieldType.SshKey })],
    ['a one-time password', 'op://Dev/Item/otp', concealed('otp', 'otpauth://x', { fieldType: ItemFieldType.Totp })],
    ['a field that does not exist', 'op://Dev/Item/nothing', concealed('password', 'x')],
  ])('writes nothing for %s', async (_, name, field) => {
    const { fake, dev, open } = desk();
    fake.item(dev, 'Item', { fields: [field] });
    const writing = writeAll(open(), { New: 'canary-new', [name]: 'canary' });
    await expect(writing).rejects.toMatchObject({
      failure: 'value_unwritable',
      message: expect.stringMatching(/; nothing was written$/),
    });
    expect(fake.find(dev, 'New')).toBeUndefined();
    expect(fake.calls).not.toContain('put');
  });

  it.each(['op://Dev/Item/password', 'op://Dev/ITEM/Password'])(
    'writes nothing when one field turns out to be meant twice, by its item and by %s',
    async (reference) => {
      const { fake, dev, open } = desk();
      fake.password(dev, 'Item', 'old');
      const writing = writeAll(open(), { Item: 'canary-1', [reference]: 'canary-2' });
      await expect(writing).rejects.toThrow(/is written twice in one batch, .*; nothing was written$/);
      expect(fake.find(dev, 'Item')?.fields[0]?.value).toBe('old');
    },
  );

  it('is refused for a query, outside write.vaultId, for an empty value, and for one field under two names', async () => {
    const { fake, dev, prod, open } = desk();
    fake.password(prod, 'There', 'x');
    const here = fake.password(dev, 'Here', 'x');
    for (const writes of [
      { 'op://Dev/Here/password?attribute=otp': 'a' },
      { 'op://Prod/There': 'a' },
      { Here: '' },
      { Here: 'a', [`op://${dev}/${here}`]: 'b' },
    ])
      await expect(plan(open(), writes)).rejects.toMatchObject({ failure: 'value_unwritable' });
  });
});

describe('a plan', () => {
  it('decrypts nothing, names no field, and asks for titles once in 60 seconds, however often it is made', async () => {
    const { fake, dev, open } = desk();
    const fields = [concealed('a', '1', { title: 'canary-field' }), concealed('b', '2')];
    fake.item(dev, 'Stripe', { fields });
    const writer = open();
    for (const value of ['1', '2', '3', '4', '5']) {
      const planned = await plan(writer, { Stripe: value, 'op://Dev/Stripe/nothing': value, New: value });
      expect(planned.map(({ effect }) => effect)).toEqual(['replace', 'replace', 'create']);
      expectNoValue(planned, ['canary-field']);
    }
    expect(fake.calls).toEqual(['createClient', 'list vaults', 'list items']);
  });

  it('binds a replacement to its item and the field that was named, and says what the item is called', async () => {
    const { fake, dev, open } = desk();
    const id = fake.password(dev, 'PRODUCTION root\u202E database', 'x');
    const [byTitle, byId, field] = [...(await plan(open(), { 'PRODUCTION root\\u{202e} database': 'a' }))].concat(
      await plan(open(), { [`op://${dev}/${id}`]: 'a' }),
      await plan(open(), { [`op://Dev/${id}/Keys/token`]: 'a' }),
    );
    expect(byTitle).toMatchObject({ id: `op://${dev}/${id}`, name: 'PRODUCTION root\\u{202e} database' });
    expect(byTitle).not.toHaveProperty('title');
    expect(byId).toMatchObject({ id: byTitle?.id, title: 'PRODUCTION root\\u{202e} database' });
    expect(field).toMatchObject({
      id: `op://${dev}/${id}/Keys/token`,
      name: `op://Dev/${id}/Keys/token`,
      title: 'PRODUCTION root\\u{202e} database › Keys › token',
    });
  });
});

describe('a write that is no longer what was approved', () => {
  it.each<[string, (fake: FakeOnePassword, dev: string) => void]>([
    ['the item is gone', (fake, dev) => fake.remove(dev, 'Old')],
    [
      'the item goes while the write is checked',
      (fake, dev) => fake.on('list items', { afterwards: true }, () => fake.remove(dev, 'Old')),
    ],
    ['another item has the title too', (fake, dev) => void fake.password(dev, 'Old', 'z')],
    [
      'another item has the title instead',
      (fake, dev) => {
        fake.remove(dev, 'Old');
        fake.password(dev, 'Old', 'z');
      },
    ],
  ])('writes nothing when %s', async (_, change) => {
    const { fake, dev, open } = desk();
    fake.password(dev, 'Old', 'before');
    const writer = open();
    const planned = await plan(writer, { New: 'canary-1', Old: 'canary-2' });
    change(fake, dev);
    const error = await writer.write(planned, call).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'secret_changed' });
    expectNoValue(error, ['canary-1', 'canary-2']);
    expect(fake.find(dev, 'New')).toBeUndefined();
    expect(fake.calls).not.toContain('put');
  });
});

describe('a write that fails half-way', () => {
  const offline = new Error('request library compatibility issue: reqwest library: error sending request');

  async function failing(
    prepare: (fake: FakeOnePassword, dev: string) => void,
  ): Promise<{ error: Error; values: unknown }> {
    const { fake, dev, open } = desk();
    for (const title of ['A', 'B']) fake.password(dev, title, `old ${title}`);
    const writer = open();
    const planned = await plan(writer, { A: 'canary-A', New: 'canary-new', B: 'canary-B' });
    prepare(fake, dev);
    const error = await writer.write(planned, call).then(
      () => new Error('it was written'),
      (thrown: unknown) => thrown as Error,
    );
    expectNoValue(error, ['canary-A', 'canary-B', 'canary-new', 'old A', 'old B']);
    const values = Object.fromEntries(
      (fake.vaults[0]?.items ?? []).map(({ title, fields }) => [title, fields[0]?.value]),
    );
    return { error, values };
  }

  const before = { A: 'old A', B: 'old B' };

  it.each([false, true])(
    'undoes everything before it, whether its own answer got lost (%s) or it never arrived',
    async (afterwards) => {
      const { error, values } = await failing((fake) => {
        fake.fail('put', offline, { nth: 2, afterwards });
      });
      expect(values).toEqual(before);
      expect(error).toMatchObject({
        failure: 'provider_unavailable',
        message:
          '"B" could not be written: 1Password cannot be reached from this machine; undone: "A" (replace), "New" (create); nothing else was changed',
      });
    },
  );

  it.each([false, true])(
    'finds out whether a creation that got no answer took place (%s), and takes it back',
    async (afterwards) => {
      const { error, values } = await failing((fake) => fake.fail('create', offline, { afterwards }));
      expect(values).toEqual(before);
      expect(error.message).toBe(
        '"New" could not be written: 1Password cannot be reached from this machine; undone: "A" (replace); nothing else was changed',
      );
    },
  );

  it('says exactly what remains when undoing fails too', async () => {
    const { error, values } = await failing((fake) => {
      fake.fail('put', offline, { nth: 2 });
      fake.fail('deleteAll', new Error("you don't have the right permissions to execute this request"));
    });
    expect(values).toEqual({ ...before, New: 'canary-new' });
    expect(error.message).toMatch(
      /; still written, because undoing it failed: "New" \(create\); undone: "A" \(replace\); nothing else was changed$/,
    );
  });

  it('says of what it cannot find out that it is not known', async () => {
    const { error, values } = await failing((fake) => {
      fake.fail('create', offline);
      fake.fail('list items', offline, { nth: 2 });
    });
    expect(values).toEqual(before);
    expect(error.message).toMatch(
      /; not known whether written: "New" \(create\); undone: "A" \(replace\); nothing else was changed$/,
    );
  });

  it.each([
    ['itemStatusPermissionError', 'still written, because undoing it failed'],
    ['internal', 'not known whether written'],
  ] as const)('tells a deletion that was refused from one that failed: %s', async (why, words) => {
    const { error } = await failing((fake) => {
      fake.fail('put', offline, { nth: 2 });
      fake.undeletable.set('New', why);
    });
    expect(error.message).toContain(`; ${words}: "New" (create); undone: "A" (replace);`);
  });

  it('counts an item that somebody else has deleted meanwhile as undone', async () => {
    const { error, values } = await failing((fake, dev) => {
      fake.on('put', { nth: 2 }, () => {
        fake.remove(dev, 'New');
        throw offline;
      });
    });
    expect(values).toEqual(before);
    expect(error.message).toMatch(/; undone: "A" \(replace\), "New" \(create\); nothing else was changed$/);
  });

  it('does not say that something remains when it is not even known whether it was written', async () => {
    const { error } = await failing((fake) => {
      fake.fail('create', offline);
      fake.fail('list items', new Error("you don't have the right permissions"), { nth: 2 });
    });
    expect(error.message).toContain('; not known whether written: "New" (create); undone: "A" (replace);');
  });

  it('does not promise that nothing was written when something remains', async () => {
    const { error } = await failing((fake, dev) => {
      fake.undeletable.set('New', 'itemStatusPermissionError');
      fake.on('create', {}, () => {
        fake.find(dev, 'B')!.fields[0]!.value = 'rotated';
      });
    });
    expect(error).toMatchObject({
      failure: 'provider_unavailable',
      message: expect.stringContaining('; still written, because undoing it failed: "New" (create); undone: "A"'),
    });
  });

  it('does not call a deletion failed whose answer got lost', async () => {
    const { error, values } = await failing((fake) => {
      fake.fail('put', offline, { nth: 2 });
      fake.fail('deleteAll', offline, { afterwards: true });
    });
    expect(values).toEqual(before);
    expect(error.message).toContain('; not known whether written: "New" (create); undone: "A" (replace);');
  });

  it('puts a value back also when 1Password sees a conflict at first', async () => {
    const { error, values } = await failing((fake) => {
      fake.fail('put', offline, { nth: 2 });
      fake.fail('put', new Error('a conflict occurred'), { nth: 3 });
    });
    expect(values).toEqual(before);
    expect(error.message).toMatch(/; undone: "A" \(replace\), "New" \(create\); nothing else was changed$/);
  });

  it('leaves alone what somebody else wrote meanwhile', async () => {
    const { error, values } = await failing((fake, dev) => {
      fake.on('put', { nth: 2 }, () => {
        fake.find(dev, 'A')!.fields[0]!.value = 'of somebody else';
        throw offline;
      });
    });
    expect(values).toEqual({ A: 'of somebody else', B: 'old B' });
    expect(error.message).toContain('not known whether written: "A" (replace)');
  });

  it('takes back a value that 1Password did not keep as it was', async () => {
    const { error, values } = await failing((fake) => {
      fake.mangle = (value) => value.replace('canary-B', 'canary B');
    });
    expect(values).toEqual(before);
    expect(error).toMatchObject({
      failure: 'value_unwritable',
      message:
        '"B" could not be written: 1Password did not keep the value as it was sent; undone: "A" (replace), "New" (create); nothing else was changed',
    });
  });

  it('writes nothing over a value that changed between the check and the write', async () => {
    const { error, values } = await failing((fake, dev) => {
      fake.on('create', {}, () => {
        fake.find(dev, 'B')!.fields[0]!.value = 'rotated';
      });
    });
    expect(values).toEqual({ A: 'old A', B: 'rotated' });
    expect(error).toMatchObject({ failure: 'secret_changed' });
  });
});
