import { claudeCode } from './claude-code.ts';
import { describeAgent } from './suite.ts';

describeAgent(claudeCode);
