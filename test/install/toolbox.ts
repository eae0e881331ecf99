import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** A temporary folder with programs from npm, as a user would install them: nothing here comes from the project's own modules. */
export class Toolbox {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Toolbox> {
    return new Toolbox(await mkdtemp(join(tmpdir(), 'agent-vault-install-')));
  }

  /** Installs packages beside each other, without their install scripts. */
  async install(...packages: string[]): Promise<void> {
    await this.run('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', this.folder, ...packages]);
  }

  /** The path of something that was installed. */
  path(...parts: string[]): string {
    return join(this.folder, 'node_modules', ...parts);
  }

  /** The Node of a platform package: the binary lies inside it. */
  async node(version: string): Promise<string> {
    const name = `node-${process.platform}-${process.arch}`;
    const folder = join(this.folder, `node-${version}`);
    await this.run('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', folder, `${name}@${version}`]);
    return join(folder, 'node_modules', name, 'bin', 'node');
  }

  /** Packs the project as it would be published. */
  async pack(): Promise<string> {
    const { stdout } = await this.run(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', this.folder],
      root,
    );
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>);
    if (packed === undefined) throw new Error('npm packed nothing');
    return join(this.folder, packed.filename);
  }

  async run(
    command: string,
    args: readonly string[],
    cwd = this.folder,
    env: Record<string, string> = {},
  ): Promise<{ stdout: string; stderr: string }> {
    return execute(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
