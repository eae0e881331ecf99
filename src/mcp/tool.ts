import type { z } from 'zod';
import type { Broker } from '../core/broker.ts';
import type { Call } from '../core/ports.ts';
import type { Session } from '../core/request.ts';
import type { ToolResult } from './results.ts';

/** What a tool works with during one call. */
export interface ToolContext {
  readonly broker: Broker;
  readonly session: Session;
  readonly call: Call;
}

/** One tool as the model sees it, and what it does. Annotations are hints to clients, never enforcement. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly input: Input;
  run(input: z.infer<Input>, context: ToolContext): Promise<ToolResult>;
}

/** A tool whose arguments are parsed by its own schema; `run` takes them as they came. */
export interface AnyTool extends Omit<Tool, 'run'> {
  parse(given: unknown): z.ZodSafeParseResult<unknown>;
  run(given: unknown, context: ToolContext): Promise<ToolResult>;
}

export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): AnyTool {
  return {
    ...tool,
    parse: (given) => tool.input.safeParse(given),
    run: async (given, context) => tool.run(tool.input.parse(given), context),
  };
}
