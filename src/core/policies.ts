import type { VaultPolicy } from './policy.ts';
import type { Approver } from './request.ts';

/** One thing that a config allows, or a change in it. The texts quote the config, which an agent may have written. */
export interface PolicyLine {
  /** What it is about: "vault dev", "webhook logs.example.com". */
  readonly subject: string;
  readonly says: string;
  /** Whether it sends something away, or lets agents do more without being asked. */
  readonly isWide: boolean;
}

/** What a person has yet to approve of the config. */
export interface Proposal {
  /** SHA-256 in hex of the policy that would be in force. */
  readonly digest: string;
  /** Whether no version of this config was ever approved: then `lines` says all that it allows, otherwise what changes. */
  readonly isNew: boolean;
  /** The config file, for people. */
  readonly file: string;
  readonly lines: readonly PolicyLine[];
}

/** The policy in force, which only a person can loosen. */
export interface Policies {
  /** Looks whether the config or the user's limits were changed. What tightens takes effect, the rest is proposed. Never rejects. */
  look(): Promise<void>;
  /** SHA-256 in hex of the policy in force; every decision names it. */
  version(): string;
  /** Null when the config is as a person approved it. */
  proposal(): Proposal | null;
  /** What a vault may do now, or would if the proposal were accepted; null if there is no such vault then. */
  policyOf(vault: string, withProposal: boolean): VaultPolicy | null;
  /**
   * Lets the proposal take effect and remembers it. The decision has been recorded. False if it is not this one any more.
   * Rejects with a VaultError if it cannot be remembered; then nothing has changed.
   */
  accept(digest: string, by: Approver): Promise<boolean>;
}
