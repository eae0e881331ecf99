import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/platform/log.ts';

function collected(): { log: ReturnType<typeof createLog>; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog((text) => lines.push(text)), lines };
}

describe('the log', () => {
  test('says a warning and its hint on lines of their own', () => {
    const { log, lines } = collected();
    log.warn('port 9999 is taken', 'set "port" to another one');
    expect(lines.join('')).toBe(
      'agent-vault: warning: port 9999 is taken\nagent-vault: hint: set "port" to another one\n',
    );
  });

  test('keeps hostile text on one line, visible and bounded', () => {
    const { log, lines } = collected();
    log.warn('name \u001b[2J\u202Eevil\nagent-vault: warning: forged\r', `hint\n${'x'.repeat(5000)}`);
    const text = lines.join('');
    expect(text.match(/\n/gu)).toHaveLength(2);
    expect(text).toContain('\\u{1b}[2J\\u{202e}evil\\nagent-vault');
    expect(text.length).toBeLessThan(3000);
  });

  test('says a text once, and again with another hint', () => {
    const { log, lines } = collected();
    log.once('same');
    log.once('same');
    log.once('same', 'hint');
    expect(lines).toHaveLength(2);
  });

  test('ignores a write that fails', () => {
    const log = createLog(() => {
      throw new Error('EPIPE');
    });
    expect(() => log.warn('lost')).not.toThrow();
  });

  test('survives a client that closes our stderr, and leaves stdout alone', async () => {
    const script = `
      import { createLog } from './src/platform/log.ts';
      process.stdin.once('data', () => {
        const log = createLog();
        log.warn('nobody hears this');
        setTimeout(() => { log.warn('nor this'); process.exitCode = 7; process.stdin.destroy(); }, 50);
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.destroy();
    child.stdin.write('go\n');
    const [code] = await once(child, 'close');
    expect(code).toBe(7);
    expect(stdout).toBe('');
  });
});
