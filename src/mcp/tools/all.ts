import type { AnyTool } from '../tool.ts';
import { getSecret } from './get-secret.ts';
import { getSecrets } from './get-secrets.ts';
import { listSecrets } from './list-secrets.ts';
import { setSecret } from './set-secret.ts';
import { setSecrets } from './set-secrets.ts';

export const tools: readonly AnyTool[] = [listSecrets, getSecret, getSecrets, setSecret, setSecrets];
