import { describe, expect, it } from 'vitest';
import { parse } from '../../src/cli/arguments.ts';
import { flagsOf, options, usage } from '../../src/cli/specs.ts';

describe('the command line', () => {
  it.each([
    [[], 'mcp', {}],
    [['demo', '--auto', '--keep', 'x'], 'demo', { auto: true, keep: 'x' }],
    [['pair', '--name', "Anna's phone"], 'pair', { name: "Anna's phone" }],
    [['pair', '--totp', '--name', 'app'], 'pair', { totp: true, name: 'app' }],
    [['pair', '--remove', 'app'], 'pair', { remove: 'app' }],
    [['doctor', '--json'], 'doctor', { json: true }],
    [['pair', '--help'], 'pair', { help: true }],
    [['audit', '--help'], 'audit', { help: true }],
    [['audit', 'list', '--since', '24h', '--json'], 'audit list', { since: '24h', json: true }],
    [['audit', 'tail', '-f'], 'audit tail', { follow: true }],
    [['audit', 'verify', '--key', 'a', '--key', 'b'], 'audit verify', { key: ['a', 'b'] }],
  ] as [string[], string, object][])('understands %j', (argv, name, values) => {
    const parsed = parse(argv);
    expect(parsed.name).toBe(name);
    expect({ ...parsed.values }).toEqual(values);
  });

  it.each([
    [['audit', 'show', '12'], ['12']],
    [['audit', 'verify'], []],
    [['audit', 'verify', 'copy.db', '--json'], ['copy.db']],
    [['webhooks', 'retry', '1'], ['1']],
  ])('finds the operands of %j', (argv, operands) => {
    expect(parse(argv).operands).toEqual(operands);
  });

  it.each([
    [['audit'], 'audit needs one of list, show, stats, tail, export, verify, prune'],
    [['audit', 'lists'], 'unknown command "audit lists"; audit has list, show,'],
    [['audit', 'show'], 'audit show takes an ID'],
    [['audit', 'show', '1', '2'], 'audit show takes only an ID'],
    [['audit', 'list', '--csv', '--json'], '--csv and --json do not go together'],
    [['audit', 'show', '1', '--since', '1h'], '--since does not go with audit show'],
    [['webhooks', 'test'], 'webhooks test takes an ENDPOINT'],
    [['unknown'], 'unknown command'],
    [['pair', 'phone'], 'unknown command "phone"'],
    [['demo', '--json'], '--json does not go with demo'],
    [['--reset'], '--reset does not go with the MCP server'],
    [['pair', '--list', '--reset'], '--list and --reset do not go together'],
    [['pair', '--totp', '--remove', 'x'], '--totp and --remove do not go together'],
    [['pair', '--name', 'x', '--list'], '--name and --list do not go together'],
    [['pair', '--nothing'], 'unknown option'],
    [['constructor'], 'unknown command'],
  ] as [string[], string][])('refuses %j', (argv, message) => {
    expect(() => parse(argv)).toThrow(
      expect.objectContaining({ failure: 'input_invalid', message: expect.stringContaining(message) }),
    );
  });

  it('has every flag of every command in its help', () => {
    for (const flag of Object.values(flagsOf).flat()) expect(usage).toMatch(new RegExp(`^ +--${flag}\\b`, 'mu'));
    const known = new Set(Object.values(flagsOf).flat());
    expect(Object.keys(options).filter((flag) => !known.has(flag))).toEqual(['help', 'version']);
  });
});
