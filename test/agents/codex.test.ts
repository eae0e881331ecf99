import { codex, codexWithScripts } from './codex.ts';
import { describeAgent } from './suite.ts';

describeAgent(codex);
describeAgent(codexWithScripts);
