import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** The file with the authority that signed it. */
  readonly caFile: string;
}

/**
 * A certificate for localhost, signed by an authority of its own, made afresh so that no key is ever committed.
 * @param hosts names that it is also good for
 */
export function makeCertificate(folder: string, hosts: readonly string[] = []): Certificate {
  const at = (name: string) => join(folder, name);
  newKey(at('ca.key'));
  newKey(at('leaf.key'));
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  openssl('req', '-new', '-key', at('leaf.key'), '-out', at('leaf.csr'), '-subj', '/CN=localhost');
  const names = ['DNS:localhost', 'IP:127.0.0.1', ...hosts.map((host) => `DNS:${host}`)].join(',');
  writeFileSync(at('leaf.ext'), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
  const signing = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-set_serial',
    '2',
    '-days',
    '2',
    '-extfile',
    at('leaf.ext'),
  ];
  openssl('x509', '-req', '-in', at('leaf.csr'), '-out', at('leaf.pem'), ...signing);
  return { key: readFileSync(at('leaf.key')), cert: readFileSync(at('leaf.pem')), caFile: at('ca.pem') };
}

function newKey(file: string): void {
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file);
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
