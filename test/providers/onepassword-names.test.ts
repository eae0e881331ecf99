import { describe, expect, it } from 'vitest';
import { bench, call } from './fixtures/onepassword-bench.ts';
import { FakeOnePassword } from './fixtures/onepassword-fake.ts';

const account = (): { fake: FakeOnePassword; dev: string; prod: string } => {
  const fake = new FakeOnePassword();
  return { fake, dev: fake.vault('Dev'), prod: fake.vault('Prod') };
};

describe('what a name means in 1Password', () => {
  it('groups items by vault, in the order of the config, and says the title of the vault', async () => {
    const { fake, dev, prod } = account();
    const b = fake.password(dev, 'b', 'x');
    fake.password(dev, 'a', 'x');
    fake.password(prod, 'c', 'x');
    const listed = await bench(fake)
      .open({ vaultIds: [prod, dev] })
      .list(call);
    expect(listed.map(({ name, groupTitle }) => [name, groupTitle])).toEqual([
      ['c', 'Prod'],
      ['a', 'Dev'],
      ['b', 'Dev'],
    ]);
    expect(listed[2]).toEqual({ id: `op://${dev}/${b}`, name: 'b', group: dev, groupTitle: 'Dev' });
  });

  it('finds an item by title, by ID and by reference, as one and the same', async () => {
    const { fake, dev } = account();
    const id = fake.password(dev, 'Stripe', 'x');
    const names = ['Stripe', id, `op://${dev}/${id}`, 'op://Dev/Stripe', 'op://dev/STRIPE'];
    const resolved = await bench(fake).open().resolve(names, call);
    expect(resolved.map((entry) => entry?.id)).toEqual(names.map(() => `op://${dev}/${id}`));
    expect(resolved.map((entry) => entry?.name)).toEqual(['Stripe', 'Stripe', ...names.slice(2)]);
  });

  it('says what the item is called wherever the name is not its title, harmlessly and completely', async () => {
    const { fake, dev } = account();
    const hostile = `</bdi><script>\u202E${'x'.repeat(300)}`;
    const [shared, odd, blank] = [
      fake.password(dev, 'PRODUCTION root database', 'x'),
      fake.password(dev, hostile, 'x'),
      fake.password(dev, ' ', 'x'),
    ];
    fake.password(dev, 'PRODUCTION root database', 'x');
    const names = [shared, odd, blank, `op://${dev}/${blank}/password`, `op://Dev/${shared}/a`];
    const provider = bench(fake).open();
    const titles = (await provider.resolve(names, call)).map((entry) => entry?.title);
    const harmless = hostile.replace('\u202E', '\\u{202e}');
    expect(titles).toEqual([
      'PRODUCTION root database',
      harmless,
      '(no title)',
      '(no title) › password',
      'PRODUCTION root database › a',
    ]);
    fake.password(dev, 'Plain', 'x');
    expect((await bench(fake).open().resolve(['Plain'], call))[0]).not.toHaveProperty('title');
  });

  it('binds a field to the IDs of its vault and item, within the item', async () => {
    const { fake, dev } = account();
    const id = fake.password(dev, 'Stripe', 'x');
    const [entry] = await bench(fake).open().resolve(['op://Dev/Stripe/keys/token?attribute=otp'], call);
    expect(entry).toEqual({
      id: `op://${dev}/${id}/keys/token?attribute=otp`,
      within: `op://${dev}/${id}`,
      name: 'op://Dev/Stripe/keys/token?attribute=otp',
      title: 'Stripe › keys › token',
      group: dev,
      groupTitle: 'Dev',
    });
  });

  it('refuses a title that two items share, and lists what to ask for instead', async () => {
    const { fake, dev, prod } = account();
    const ids = [fake.password(dev, 'Stripe', 'x'), fake.password(prod, 'Stripe', 'y')] as const;
    const provider = bench(fake).open();
    const message = `"Stripe" means 2 items; ask by ID instead: op://${dev}/${ids[0]} (Dev), op://${prod}/${ids[1]} (Prod)`;
    await expect(provider.resolve(['Stripe'], call)).rejects.toMatchObject({ failure: 'secret_ambiguous', message });
    const resolved = await provider.resolve([ids[1], 'op://Prod/Stripe'], call);
    expect(resolved.map((entry) => entry?.name)).toEqual([`op://${prod}/${ids[1]}`, 'op://Prod/Stripe']);
  });

  it('says how many more there are when a title has very many items', async () => {
    const { fake, dev } = account();
    for (let at = 0; at < 13; at += 1) fake.password(dev, 'same', 'x');
    await expect(bench(fake).open().resolve(['same'], call)).rejects.toThrow(/means 13 items; .* and 3 more$/);
    await expect(bench(fake).open().resolve(['op://Dev/same'], call)).rejects.toThrow(/means 13 items; .* and 3 more$/);
  });

  it('refuses a reference into a vault of a title that two vaults share', async () => {
    const { fake } = account();
    const other = fake.vault('Dev');
    const resolving = bench(fake).open().resolve(['op://Dev/x/y'], call);
    await expect(resolving).rejects.toMatchObject({ failure: 'secret_ambiguous' });
    await expect(resolving).rejects.toThrow(other);
  });

  it.each(['op://Prod/Secret/password', 'op://Nowhere/Secret/password'])(
    'refuses %s when vaultIds leaves its vault out, whether or not the vault exists',
    async (reference) => {
      const { fake, dev, prod } = account();
      fake.password(prod, 'Secret', 'x');
      const provider = bench(fake).open({ vaultIds: [dev] });
      await expect(provider.resolve([reference], call)).rejects.toMatchObject({
        failure: 'provider_refused',
        message: expect.stringContaining('is not among the 1Password vaults that this vault may use'),
      });
      expect(await provider.resolve(['Secret'], call)).toEqual([null]);
    },
  );

  it('gives no value of another vault, even for an entry that somebody made up', async () => {
    const { fake, dev, prod } = account();
    const id = fake.password(prod, 'Secret', 'canary');
    const provider = bench(fake).open({ vaultIds: [dev] });
    const fetching = provider.fetch([{ id: `op://${prod}/${id}`, name: 'Secret' }], call);
    await expect(fetching).rejects.toMatchObject({ failure: 'provider_refused' });
    expect(fake.calls).toEqual([]);
  });

  it('knows nothing of a vault or item that does not exist when all vaults may be used', async () => {
    const { fake } = account();
    const names = ['op://Nowhere/x', 'op://Dev/Nothing/password', 'Nothing'];
    expect(await bench(fake).open().resolve(names, call)).toEqual([null, null, null]);
  });

  it('takes a title as it was shown: escapes for hidden characters, either form of accents', async () => {
    const { fake, dev } = account();
    const hidden = fake.password(dev, 'evil\u202Egnp', 'x');
    const accent = fake.password(dev, 'gro\u0308\u00DFer', 'x');
    const provider = bench(fake).open();
    const listed = (await provider.list(call)).map(({ name }) => name);
    expect(listed).toContain('evil\\u{202e}gnp');
    const resolved = await provider.resolve(['evil\\u{202e}gnp', 'gr\u00F6\u00DFer'], call);
    expect(resolved.map((entry) => entry?.id)).toEqual([`op://${dev}/${hidden}`, `op://${dev}/${accent}`]);
  });

  it('lists an item whose title cannot be asked for under a reference by IDs', async () => {
    const { fake, dev } = account();
    const stripe = fake.password(dev, 'Stripe', 'x');
    const odd = ['', '  ', 'op://Dev/Stripe/password', stripe, 'x'.repeat(300)].map((title) =>
      fake.password(dev, title, 'y'),
    );
    const provider = bench(fake).open();
    const listed = (await provider.list(call)).map(({ name }) => name);
    expect(listed.sort()).toEqual(['Stripe', ...odd.map((id) => `op://${dev}/${id}`)].sort());
    const [entry] = await provider.resolve([stripe], call);
    expect(entry?.id).toBe(`op://${dev}/${stripe}`);
  });

  it('warns once of a configured vault that the account does not see, and works with the others', async () => {
    const { fake, dev } = account();
    fake.password(dev, 'a', 'x');
    const { open, warnings } = bench(fake);
    expect(await open({ vaultIds: [dev, 'missing'] }).list(call)).toHaveLength(1);
    expect(warnings).toEqual(['the 1Password account does not see the vaults "missing"']);
    await expect(open({ vaultIds: ['missing'] }).list(call)).rejects.toMatchObject({ failure: 'provider_refused' });
  });
});

describe('the memory of titles', () => {
  it('asks 1Password once in 60 seconds, however many ask at the same time', async () => {
    const { fake, dev } = account();
    fake.password(dev, 'a', 'x');
    const { open, clock } = bench(fake);
    const provider = open();
    await Promise.all([provider.list(call), provider.list(call), provider.resolve(['a'], call)]);
    clock.pass(59_999);
    await provider.list(call);
    const once = ['createClient', 'list vaults', 'list items', 'list items'];
    expect(fake.calls).toEqual(once);
    clock.pass(1);
    await provider.list(call);
    expect(fake.calls).toEqual([...once, 'list vaults', 'list items', 'list items']);
  });

  it('asks only for the titles of the vault that a reference names', async () => {
    const { fake } = account();
    await bench(fake).open().resolve(['op://Dev/x/y'], call);
    expect(fake.calls).toEqual(['createClient', 'list vaults', 'list items']);
  });

  it('keeps no failure', async () => {
    const { fake, dev } = account();
    fake.password(dev, 'a', 'x');
    const provider = bench(fake).open();
    fake.fail('list items', new Error('authentication error: internal server error'));
    await expect(provider.list(call)).rejects.toMatchObject({ failure: 'provider_unavailable' });
    expect(await provider.list(call)).toHaveLength(1);
  });

  it('looks anew after an item turned out to be gone', async () => {
    const { fake, dev } = account();
    fake.password(dev, 'a', 'x');
    const provider = bench(fake).open();
    const [entry] = await provider.list(call);
    fake.remove(dev, 'a');
    await expect(provider.fetch([entry!], call)).rejects.toMatchObject({ failure: 'secret_changed' });
    expect(await provider.list(call)).toEqual([]);
  });

  it('stops waiting when the call is cancelled', async () => {
    const { fake } = account();
    const stop = new AbortController();
    const listing = bench(fake).open().list({ signal: stop.signal });
    stop.abort();
    await expect(listing).rejects.toMatchObject({ failure: 'closing' });
    await expect(bench(fake).open().list({ signal: stop.signal })).rejects.toMatchObject({ failure: 'closing' });
  });
});
