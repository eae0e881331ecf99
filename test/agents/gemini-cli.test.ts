import { geminiCli } from './gemini-cli.ts';
import { describeAgent } from './suite.ts';

describeAgent(geminiCli);
