import type { FileOwner } from '../platform/files.ts';
import { isTrackedByGit } from './env-file-git.ts';
import { realPlace } from './env-file-place.ts';
import type { EnvFile } from './env-file-place.ts';

export interface Warnings {
  /** Says once each what is unsafe about the file. Never refuses: WSL mounts and umask 002 make such files every day. */
  about(owner: FileOwner): Promise<void>;
}

export function envFileWarnings(file: EnvFile): Warnings {
  let places: Promise<void> | undefined;
  return {
    about: async ({ mode }) => {
      if (isWritableByAll(mode))
        say(file, 'can be written by every user; it is read, but not written', `chmod o-w ${file.shown}`);
      else if ((mode & 0o020) !== 0)
        say(file, 'can be written by its group', `chmod g-w ${file.shown}, if the group is not only you`);
      await (places ??= warnAboutPlace(file));
    },
  };
}

/** Windows has no such bits and shows every file as writable. */
export function isWritableByAll(mode: number): boolean {
  return process.platform !== 'win32' && (mode & 0o002) !== 0;
}

async function warnAboutPlace(file: EnvFile): Promise<void> {
  const place = await realPlace(file).catch(() => null);
  if (place?.strays === true)
    say(file, "is linked to a place outside the config's folder; it is read, but not written");
  if (await isTrackedByGit(file.path)) {
    say(
      file,
      'is tracked by git',
      `its values are in the history: change them, "git rm --cached" the file and list it in .gitignore`,
    );
  }
}

function say(file: EnvFile, what: string, hint?: string): void {
  file.log.once(`the env file ${file.shown} ${what}`, hint);
}
