import type { Log } from '../core/ports.ts';
import type { Endpoint } from './endpoint.ts';
import type { Settlement } from './queue.ts';

/** Says to the operator what goes wrong: when it begins and when it changes, not for every event that it concerns. */
export interface Reporter {
  sent(endpoint: Endpoint, settlement: Settlement): void;
  disabled(endpoint: Endpoint, why: string): void;
}

export function createReporter(log: Log): Reporter {
  const last = new Map<string, string>();
  const say = ({ id }: Endpoint, message: string, hint: string): void => {
    if (last.get(id) === message) return;
    last.set(id, message);
    log.warn(message, hint);
  };
  return {
    sent(endpoint, { delivered, dead, failed }) {
      const { name } = endpoint;
      const given = dead.at(-1)?.problem ?? (failed?.at === null ? failed.problem : undefined);
      if (given !== undefined)
        say(endpoint, `an event for ${name} was given up: ${given}`, '“agent-vault webhooks retry” tries it again');
      else if (failed !== null)
        say(
          endpoint,
          `${name} did not take an event: ${failed.problem}`,
          'it waits, and is tried again for three days',
        );
      else if (delivered.length > 0) last.delete(endpoint.id);
    },
    disabled({ name }, why) {
      log.once(`${name} gets no more events: ${why}`, 'they wait until “agent-vault webhooks retry”');
    },
  };
}
