import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGate } from '../../src/approvers/gate.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import { auditPublicKey, openAuditKey } from '../../src/audit/key.ts';
import { openAudit } from '../../src/audit/log.ts';
import { plainChoice } from '../../src/core/choice.ts';
import type { Proof } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { origin, pairPasskey } from '../approvers/support.ts';
import { forced } from '../audit/stored.ts';
import { Authenticator } from '../support/authenticator.ts';
import { mainFile } from '../support/vault.ts';
import { World } from '../support/world.ts';
import { blocksIn, root, textOf } from './markdown.ts';

const page = textOf('docs/check-a-decision.md');
const [script = ''] = blocksIn(page, 'js');
const [commands = ''] = blocksIn(page, 'sh');

let folder: string;
let database: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-docs-'));
  database = join(folder, 'agent-vault.db');
  await decideTwice();
}, 30_000);
afterAll(() => rm(folder, { recursive: true }));

/** An approval by a passkey and a denial, in a real log and a real state folder. */
async function decideTwice(): Promise<void> {
  const world = new World();
  const { clock, approvals, audit, log } = world;
  const roster = openRoster(folder, clock);
  const phone = new Authenticator();
  await pairPasskey({ roster, clock }, phone);
  const gate = openGate({ roster, publicOrigin: () => origin, requiredFactor: () => 'link', clock, random: systemRandom });
  const decide = async (name: string, approve: boolean): Promise<void> => {
    world.read([name]).catch(() => undefined);
    const about = await world.asked();
    const draft = await approvals.draft(about, plainChoice(approve));
    if (typeof draft === 'string') throw new Error(draft);
    const signed = async (): Promise<Proof> => {
      const occasion = { purpose: 'decision', about, origin } as const;
      const ceremony = await gate.begin(occasion, draft.body);
      if (ceremony.proved !== null) throw new Error(ceremony.says);
      const proof = await gate.byPasskey(occasion, ceremony.id, phone.sign(ceremony.options, origin));
      if (!proof.proved) throw new Error(proof.says);
      return proof;
    };
    const byLink: Proof = { approver: { name: 'link holder', factor: 'link' }, assertion: null };
    await approvals.decide(draft, approve ? await signed() : byLink);
  };
  await decide('A', true);
  await decide('B', false);
  const stored = openAudit({ file: { path: database, followLinks: true }, clock, log, onCommitted: () => undefined });
  for (const decision of audit.decisions) {
    const rows = audit.rows.filter(({ requestId }) => requestId === decision.requestId);
    const isDecided = ({ action }: (typeof rows)[number]): boolean => action === 'approved' || action === 'denied';
    const first = rows.findIndex(isDecided);
    await stored.append(rows.slice(0, first));
    await stored.append(rows.filter(isDecided), decision);
    await stored.append(rows.slice(first).filter((row) => !isDecided(row)));
  }
  await stored.close();
}

/** What the script prints, line by line. */
async function printed(): Promise<string[]> {
  const args = ['--input-type=module', '--eval', script, 'check.mjs', database, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return stdout.trim().split('\n');
}

/** What the commands of the page print on a machine where nothing else is known; `npx` starts the built package. */
async function typed(): Promise<string> {
  const elsewhere = await mkdtemp(join(tmpdir(), 'agent-vault-docs-'));
  const npx = join(elsewhere, 'npx');
  await writeFile(npx, `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${mainFile}' "$@"\n`);
  await chmod(npx, 0o700);
  await copyFile(join(folder, 'approvers.json'), join(elsewhere, 'approvers.json'));
  await copyFile(database, join(elsewhere, 'copy.db'));
  await openAuditKey(folder);
  const env = { PATH: `${elsewhere}:${process.env['PATH']}`, KEY: (await auditPublicKey(folder)) ?? '' };
  // Nothing anchors this log, so that the last command ends with 3.
  const shell = promisify(execFile)('sh', ['-c', `${commands}[ $? = 3 ]`], { cwd: elsewhere, env });
  return (await shell.finally(() => rm(elsewhere, { recursive: true }))).stdout;
}

describe('the commands that check decisions', () => {
  it('tell, with a copy of the log and the list of approvers alone, what was signed', async () => {
    const text = await typed();
    const [shown = ''] = blocksIn(page, 'text');
    expect(text).toContain(shown);
    expect(text).toMatch(/^ {2}decisions {4}2 decisions; 1 row signed by a passkey, checked$/mu);
  });
});

describe('the script that checks decisions', () => {
  it('tells what was signed, in the words that the page shows', async () => {
    const lines = await printed();
    expect(lines).toEqual([
      expect.stringMatching(/^\d+ approved A Anna’s phone - signed$/u),
      expect.stringMatching(/^\d+ denied B link holder - this decision was not signed: it was made without a passkey$/u),
    ]);
    const shown = blocksIn(page, 'text').join('');
    for (const line of lines) expect(shown).toContain(line.slice(line.indexOf(' - ')));
  });

  it('tells a row that was changed', async () => {
    forced(database, `UPDATE audit SET reason = 'another' WHERE action = 'approved'`);
    expect((await printed())[0]).toMatch(/ - the row does not have the hash of its content$/u);
  });
});
