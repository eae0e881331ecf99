import { z } from 'zod';
import { defineProvider } from '../core/plugin.ts';

export const envFile = defineProvider({
  type: 'env',
  about: 'a .env file, read at each request with the rules of dotenv',
  options: z.object({
    file: z.string().min(1).meta({ description: 'the file; a relative path starts at the config', format: 'path' }),
  }),
  open: async ({ file }, context) => {
    const [{ envFileProvider }, { envFileAt }] = await Promise.all([
      import('./env-file-provider.ts'),
      import('./env-file-place.ts'),
    ]);
    return envFileProvider(envFileAt(file, context));
  },
});
