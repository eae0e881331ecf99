import type { Policies, Proposal } from '../../src/core/policies.ts';
import type { VaultPolicy } from '../../src/core/policy.ts';

export const askAlways: VaultPolicy = { ttlMs: 0, scope: 'secret', writable: true, confirm: 'tap' };

/** The policy of every vault, as if from a config that a test can change. It leaves out: files, limits, other processes. */
export class MemoryPolicies implements Policies {
  policy: VaultPolicy;
  /** What holds once the proposal is accepted. */
  proposed: (Proposal & { readonly policy: VaultPolicy }) | null = null;
  failing = false;
  looks = 0;
  readonly accepted: string[] = [];

  constructor(policy: Partial<VaultPolicy> = {}) {
    this.policy = { ...askAlways, ...policy };
  }

  async look(): Promise<void> {
    this.looks += 1;
  }

  version(): string {
    return JSON.stringify(this.policy);
  }

  proposal(): Proposal | null {
    return this.proposed;
  }

  policyOf(_vault: string, withProposal: boolean): VaultPolicy | null {
    return (withProposal ? this.proposed?.policy : null) ?? this.policy;
  }

  async accept(digest: string): Promise<boolean> {
    if (this.failing) throw new Error('the disk is full');
    if (this.proposed?.digest !== digest) return false;
    this.policy = this.proposed.policy;
    this.proposed = null;
    this.accepted.push(digest);
    return true;
  }
}
