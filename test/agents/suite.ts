import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { budgetMs } from '../../src/mcp/budget.ts';
import { instructions } from '../../src/mcp/instructions.ts';
import listed from '../fixtures/tools.json' with { type: 'json' };
import { Toolbox } from '../install/toolbox.ts';
import { domain } from '../support/internet.ts';
import { Owner } from '../support/owner.ts';
import type { VaultOptions } from '../support/vault.ts';
import { canary, tap, TestVault } from '../support/vault.ts';
import type { Agent } from './agent.ts';
import type { Message } from './conversation.ts';
import { Conversation } from './conversation.ts';
import { strings } from './dialect.ts';
import type { Mind } from './scripted-model.ts';

const minutes = 60_000;
const call = { tool: 'get_secret', args: { vault: 'local', name: 'API_KEY', reason: 'a test' } } as const;
/** Asks once, whatever the answer. */
const once: Mind = (heard) => (heard.length === 0 ? call : null);

/** What every client has to show. */
export function describeAgent(agent: Agent): void {
  describe(agent.title, () => {
    let tools: Toolbox;
    let vault: TestVault;
    let talk: Conversation;

    beforeAll(async () => {
      tools = await Toolbox.open();
      await tools.install(agent.package);
    }, 10 * minutes);

    afterAll(() => tools.close());

    afterEach(async () => {
      await talk.close();
      await vault.close();
    });

    async function start(mind: Mind, options: VaultOptions = {}): Promise<void> {
      await talkIn(await TestVault.open(options), mind);
    }

    async function talkIn(place: TestVault, mind: Mind): Promise<void> {
      vault = place;
      talk = await Conversation.start({ agent, tools, vault, mind });
    }

    const heard = (): string[] => talk.model.heard().map(({ raw }) => agent.unwrap(raw));

    /** In nothing that the client has sent to the vendor so far, to the model or beside it. */
    function isUntold(link: string): void {
      const { host, searchParams } = new URL(link);
      for (const part of ['/approve/', host, searchParams.get('sig') ?? '/approve/'])
        expect(
          talk.model.bodies.some((body) => body.includes(part)),
          part,
        ).toBe(false);
    }

    it('offers its model our five tools and our instructions, whole', async () => {
      await start((said) => (said.length === 0 ? { tool: 'list_secrets', args: {} } : null));
      await talk.ended();
      const offers = talk.model.offers();
      expect(offers.map(({ name }) => name).sort()).toEqual(listed.map(({ name }) => name).sort());
      for (const { name, description } of listed)
        expect(offers.find((offer) => offer.name === name)?.description).toContain(description);
      const read = [...strings(talk.model.requests), ...offers.map(({ description }) => description)];
      expect(read.some((words) => words.includes(instructions))).toBe(true);
      // Of tools that it leaves out, a client says no more than this until its model looks for them.
      const [gist = ''] = instructions.split('\n\n');
      const first = strings(talk.model.requests.find((request) => agent.dialect.isTurn(request)));
      expect(first.some((words) => words.includes(gist))).toBe(true);
      expect(heard()).toEqual(['[local]\n  - API_KEY\n  - OTHER']);
    });

    it('hands its model the value once, as plain text, after a tap; and never the link', async () => {
      await start(once);
      const link = await talk.link();
      await tap(link);
      await talk.ended();
      expect(heard()).toEqual([canary]);
      const read = talk.model.requests.map((request) => strings(request).join('\n'));
      expect(read.at(-1)?.split(canary)).toHaveLength(2);
      isUntold(link);
      expect(talk.model.heard()[0]?.raw).not.toMatch(/structuredContent|agent-vault\//u);
    });

    it('hands on a value of many lines and odd characters unchanged', async () => {
      const value = '  <b>&amp; "q" \\n %20 {"content":[]} 😀\n\n-- second\tline  ';
      await start(once, { secrets: `API_KEY='${value}'\n` });
      await tap(await talk.link());
      await talk.ended();
      expect(heard()).toEqual([value]);
    });

    it('tells its model of a denial in words that begin with "denied:", and not as a result', async () => {
      await start(once);
      await tap(await talk.link(), 'deny');
      await talk.ended();
      expect(heard()).toEqual([expect.stringMatching(/^denied: the person said no\. This is final/u)]);
      expect(talk.model.heard()[0]?.isError).not.toBe(false);
    });

    it('calls itself what we know it by', async () => {
      await start(once);
      await tap(await talk.link());
      await talk.ended();
      const version = agent.package.split('@').at(-1) ?? '';
      expect(new Set(vault.rows().map((row) => row['agent']))).toEqual(new Set([`${agent.clientName} ${version}`]));
      expect(budgetMs(agent.clientName, null)).toBeGreaterThan(budgetMs('some other client', null));
    });

    /** Asks until there is an answer. */
    const patient: Mind = (said) => {
      const last = said.at(-1);
      return last === undefined || agent.unwrap(last.raw).startsWith('pending:') ? call : null;
    };

    it('gets "pending:", calls again, and gets the value with one prompt', async () => {
      await start(patient, { config: { approval: { wait: 1 } } });
      const link = await talk.link();
      await talk.until(() => heard().length > 0);
      isUntold(link);
      await tap(link);
      await talk.ended();
      isUntold(link);
      expect(heard()[0]).toMatch(/^pending: call get_secret again with the same arguments/u);
      expect(talk.model.heard()[0]?.isError).not.toBe(true);
      expect(heard().at(-1)).toBe(canary);
      expect(vault.actions()).toEqual(['requested API_KEY', 'approved API_KEY', 'released API_KEY']);
      expect((await talk.stderr()).split('/approve/')).toHaveLength(2);
    });

    it('waits for a paired phone, and its model never reads the public link, before the approval or after', async () => {
      const owner = await Owner.open();
      try {
        await talkIn(await owner.openVault({ config: { approval: { wait: 1 } } }), patient);
        const link = await talk.link();
        expect(new URL(link).host).toBe(domain);
        await talk.until(() => heard().length > 0);
        isUntold(link);
        // Not `decide`: some clients end, and our server with them, before the browser has fetched the next page.
        await owner.page.goto(link);
        await owner.page.tap('.approve');
        await talk.ended();
        isUntold(link);
        expect([heard()[0], heard().at(-1)]).toEqual([expect.stringMatching(/^pending:/u), canary]);
        expect(vault.rows().map(({ factor }) => factor)).toContain('passkey');
      } finally {
        await owner.close();
      }
    });

    if (agent.reflex === null) {
      it('declares no dialogs for links, and gets the link in its progress messages', async () => {
        await start(once);
        const link = await talk.link();
        await talk.until(async () => (await talk.fromServer()).some(({ params }) => saysLink(params, link)));
        await tap(link);
        await talk.ended();
        expect(await dialogs()).toEqual([]);
        expect(heard()).toEqual([canary]);
      });
    } else {
      it(`answers "${agent.reflex}" by itself when the link is to be opened, which leaves the request open`, async () => {
        await start(once);
        const link = await talk.link();
        await talk.until(async () => (await dialogs()).length > 0);
        expect(await dialogs()).toEqual([agent.reflex]);
        expect(vault.actions()).toEqual(['requested API_KEY']);
        await tap(link);
        await talk.ended();
        expect(heard()).toEqual([canary]);
      });
    }

    /** How the client answered what our server wanted it to show. */
    async function dialogs(): Promise<unknown[]> {
      const shown = (await talk.fromServer()).filter(({ method }) => method === 'elicitation/create');
      const answers = (await talk.fromClient()).filter(({ result }) => result !== undefined);
      return shown
        .flatMap(({ id }) => answers.filter((answer) => answer.id === id))
        .map(({ result }) => result?.['action']);
    }
  });
}

function saysLink(params: Message['params'], link: string): boolean {
  return typeof params?.['message'] === 'string' && params['message'].includes(link);
}
