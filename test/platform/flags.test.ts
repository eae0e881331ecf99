import { describe, expect, it } from 'vitest';
import { refusedFlag } from '../../src/platform/flags.ts';

describe('flags of Node’s', () => {
  it.each([
    ['--inspect'],
    ['--inspect=127.0.0.1:0'],
    ['--inspect-brk'],
    ['--inspect_brk=0'],
    ['--inspect-wait'],
    ['--inspect-port=9230'],
    ['--inspect-publish-uid=stderr'],
    ['-r', './other.cjs'],
    ['--require=./other.cjs'],
    ['--require', './other.cjs'],
    ['--import', 'data:text/javascript,'],
    ['--import=./other.mjs'],
    ['--loader', './other.mjs'],
    ['--experimental-loader=./other.mjs'],
    ['--experimental_loader', './other.mjs'],
    ['--experimental-config-file=other.json'],
    ['--experimental-default-config-file'],
    ['--experimental-package-map=other.json'],
    ['--snapshot-blob', 'other.blob'],
    ['--build-snapshot'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--heapsnapshot-near-heap-limit=1'],
    ['--heap-prof'],
    ['--heap-prof-dir=/tmp'],
    ['--cpu-prof'],
    ['--tls-keylog=keys'],
  ])('are refused that let others in: %s %s', (...flags) => {
    const given = flags.filter((flag) => flag !== undefined);
    const flag = given[0]?.split('=')[0]?.replace(/_/gu, '-');
    expect(refusedFlag(given)).toMatchObject({ flag, from: 'the command line' });
    expect(refusedFlag([], given.join(' '))).toMatchObject({ flag, from: 'NODE_OPTIONS' });
    expect(refusedFlag(['--max-old-space-size=99', ...given])).toMatchObject({ flag });
    expect(refusedFlag([], `--title "a b" ${given.join(' ')}`)).toMatchObject({ flag });
  });

  it.each([
    '--debug-port=9230',
    '--no-inspect',
    '--env-file=.env',
    '--max-old-space-size=4096',
    '--enable-source-maps',
    '--use-system-ca',
    '--disable-sigusr1',
    '--report-on-fatalerror',
    '--no-warnings',
    '--requirement',
  ])('pass that do not: %s', (flag) => {
    expect(refusedFlag([flag], flag)).toBeNull();
  });

  it('pass where there are none', () => {
    expect([refusedFlag([]), refusedFlag([], ''), refusedFlag([], '  ')]).toEqual([null, null, null]);
  });

  it.each([
    ['quotes around it', '"--require" ./other.cjs'],
    ['quotes within it', '--re"quire" ./other.cjs'],
    ['quotes around flag and value', '"--require=./with space.cjs"'],
    ['an escape within quotes', '"--req\\uire=./other.cjs"'],
    ['an empty quoted text before it', '""--require ./other.cjs'],
    ['many spaces', '   --no-warnings    --require   ./other.cjs'],
    ['a quote that never closes', '"--require=./other.cjs'],
  ])('are found in NODE_OPTIONS in spite of %s', (_, options) => {
    expect(refusedFlag([], options)).toMatchObject({ flag: '--require' });
  });

  it.each([
    ['a value in quotes', '--title="a --require b"'],
    ['an escaped quote', '--title="a \\" --require b"'],
    ['a tab, which does not separate', '--title=a\t--require'],
    ['a backslash outside of quotes, which stays', '--re\\quire'],
  ])('are not taken for flags that are part of %s', (_, options) => {
    expect(refusedFlag([], options)).toBeNull();
  });
});
