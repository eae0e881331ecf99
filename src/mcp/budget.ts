/** How long one call may block before its client gives up on it, in seconds, by `clientInfo.name`; measured, not promised by them. */
const seconds: ReadonlyMap<string, number> = new Map([
  ['claude-code', Infinity],
  ['codex-mcp-client', 280],
  ['claude-ai', 220],
  ['gemini-cli-mcp-client', 580],
]);

/** Below the 60 seconds after which the SDK's clients give up. */
const others = 50;

/** Milliseconds; Infinity waits for the request's own expiry. `configured` (milliseconds) overrides what we know of the client. */
export function budgetMs(client: string, configured: number | null): number {
  return configured ?? (seconds.get(client) ?? others) * 1000;
}
