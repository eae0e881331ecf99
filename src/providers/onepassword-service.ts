import { faultOf, textOf } from './onepassword-faults.ts';
import { createItem, deleteItems, getItems, putField } from './onepassword-items.ts';
import { greeting, question } from './onepassword-protocol.ts';
import type { Answer, Greeting, Question, Reply } from './onepassword-protocol.ts';
import type { Sdk, SdkClient } from './onepassword-sdk.ts';

/** Answers the questions of `onepassword-protocol.ts` with 1Password's SDK, which `load` brings in with the first of them. */
export function openService(hello: unknown, load: () => Promise<Sdk>): (asked: unknown) => Promise<Reply> {
  const service = new Service(greeting.parse(hello), load);
  return (asked) => service.reply(question.parse(asked));
}

interface Session {
  readonly sdk: Sdk;
  readonly client: SdkClient;
}

class Service {
  readonly #greeting: Greeting;
  readonly #load: () => Promise<Sdk>;
  #sdk: Sdk | null = null;
  #session: Promise<Session> | null = null;

  constructor(hello: Greeting, load: () => Promise<Sdk>) {
    this.#greeting = hello;
    this.#load = load;
  }

  async reply(asked: Question): Promise<Reply> {
    try {
      return { answer: await this.#retried(asked) };
    } catch (thrown) {
      // After a trap the memory of the WASM module is in an unknown state: only a new process helps.
      if (thrown instanceof Error && thrown.name === 'RuntimeError') throw thrown;
      const fault = this.#sdk === null && isMissing(thrown) ? 'sdk_missing' : faultOf(thrown, this.#sdk);
      return { fault, detail: this.#redacted(textOf(thrown)) };
    }
  }

  /** A session that ran out did nothing: signs in anew and asks once more. */
  async #retried(asked: Question): Promise<unknown> {
    const session = await this.#open();
    try {
      return await answer(session, asked);
    } catch (thrown) {
      if (!(thrown instanceof session.sdk.AuthExpiredError)) throw thrown;
      this.#session = null;
      return answer(await this.#open(), asked);
    }
  }

  #open(): Promise<Session> {
    this.#session ??= this.#signIn().catch((thrown: unknown) => {
      this.#session = null;
      throw thrown;
    });
    return this.#session;
  }

  async #signIn(): Promise<Session> {
    const { signIn, version } = this.#greeting;
    const sdk = (this.#sdk ??= await this.#load());
    const auth = 'token' in signIn ? signIn.token : new sdk.DesktopAuth(signIn.account);
    return {
      sdk,
      client: await sdk.createClient({ auth, integrationName: 'Agent Vault', integrationVersion: version }),
    };
  }

  #redacted(text: string): string {
    const { signIn } = this.#greeting;
    return ('token' in signIn ? text.replaceAll(signIn.token, '[token]') : text).slice(0, 500);
  }
}

async function answer({ sdk, client }: Session, asked: Question): Promise<Answer<Question['ask']>> {
  switch (asked.ask) {
    case 'vaults':
      return (await client.vaults.list({ decryptDetails: true })).map(({ id, title }) => ({ id, title }));
    case 'items':
      return (await client.items.list(asked.vaultId)).map(({ id, title }) => ({ id, title }));
    case 'get':
      return getItems(client, asked);
    case 'resolve':
      return resolveAll(client, asked.references);
    case 'create':
      return createItem(sdk, client, asked);
    case 'put':
      return putField(client, asked);
    case 'delete':
      return deleteItems(client, asked);
  }
}

async function resolveAll(client: SdkClient, references: string[]): Promise<Answer<'resolve'>> {
  const { individualResponses } = await client.secrets.resolveAll(references);
  const responses = new Map(Object.entries(individualResponses));
  return references.map((reference) => {
    const { content, error } = responses.get(reference) ?? {};
    if (content === undefined) return { problem: error?.type ?? 'other' };
    return { value: content.secret, vaultId: content.vaultId, itemId: content.itemId };
  });
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && /MODULE_NOT_FOUND$/.test(String(thrown.code));
}
