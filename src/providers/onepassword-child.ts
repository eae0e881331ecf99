/** The child process in which 1Password's SDK runs: an entry of its own, started by `onepassword-remote.ts`. */
import { answerParent } from '../platform/parent.ts';
import { openService } from './onepassword-service.ts';

answerParent((greeting) => openService(greeting, () => import('@1password/sdk')));
