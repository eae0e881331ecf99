import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Identity {
  readonly key: string;
  /** Signed by itself: the authority to trust as well. */
  readonly cert: string;
}

/** A certificate for these names and 127.0.0.1, made afresh so that no key is ever committed. */
export function identity(...names: readonly string[]): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = [
      '-subj',
      '/CN=test',
      '-addext',
      `subjectAltName=IP:127.0.0.1,${names.map((name) => `DNS:${name}`).join()}`,
    ];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
