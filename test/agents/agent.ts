import type { Toolbox } from '../install/toolbox.ts';
import type { Dialect } from './dialect.ts';

/** A real coding agent's command-line client, run without a person at it. */
export interface Agent {
  readonly title: string;
  /** On npm, with its version. */
  readonly package: string;
  /** The `clientInfo.name` by which we know how long its calls may block. */
  readonly clientName: string;
  readonly dialect: Dialect;
  /** How it answers by itself when it is asked to open a link; null where it declares no such dialog. */
  readonly reflex: 'cancel' | 'decline' | null;
  /** What the tool said, out of what the client makes of it for its model. */
  readonly unwrap: (raw: string) => string;
  /** Writes the client's settings, if it needs files, and says how it is started. */
  readonly prepare: (place: Place) => Promise<Start>;
}

export interface Place {
  readonly tools: Toolbox;
  /** A home of its own, empty. */
  readonly home: string;
  readonly modelUrl: string;
  /** The command that starts our server. */
  readonly server: readonly [string, ...string[]];
}

export interface Start {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export const madeUpKey = 'a-made-up-key';
export const prompt = 'Get the API key.';
