import { defineProvider } from '../core/plugin.ts';
import { options } from './onepassword-options.ts';

export const onepassword = defineProvider({
  type: '1password',
  about: 'items and fields of 1Password, through a service account or the desktop app',
  options,
  open: async (given, context) => {
    const { openOnePassword } = await import('./onepassword-provider.ts');
    return openOnePassword(given, context);
  },
});
