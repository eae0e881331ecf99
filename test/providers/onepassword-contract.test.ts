import { describeProvider } from '../contract/provider-contract.ts';
import { bench } from './fixtures/onepassword-bench.ts';

describeProvider(
  '1password',
  async () => {
    const { fake, open } = bench();
    const vaultId = fake.vault('Dev');
    const secrets = new Map([
      ['Stripe', 'canary-stripe-value'],
      ['Datenbank (größer)', 'canary-datenbank-value'],
      ['鍵 🔑', 'canary-kagi-value'],
      ['a/b "c" & <d>', 'canary-marks-value'],
    ]);
    for (const [title, value] of secrets) fake.password(vaultId, title, value);
    return {
      provider: open({ vaultIds: [vaultId], write: { vaultId, category: 'login' } }),
      secrets,
      freshName: 'New one',
      add: async (name, value) => void fake.password(vaultId, name, value),
      remove: async (name) => fake.remove(vaultId, name),
    };
  },
  { writes: true },
);
