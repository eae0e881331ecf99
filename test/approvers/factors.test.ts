import { describe, expect, it } from 'vitest';
import { factorNamed, factors } from '../../src/approvers/index.ts';
import type { RequestId } from '../../src/core/request.ts';

describe('the factors', () => {
  it('are known by the name that stands in the audit log', () => {
    for (const factor of factors) expect(factorNamed(factor.factor)).toBe(factor);
    expect(new Set(factors.map(({ factor }) => factor)).size).toBe(factors.length);
    expect(factorNamed('link')).not.toBeNull();
  });

  it('do not include one that this version does not have', () => {
    expect(factorNamed('passkey')).toBeNull();
  });
});

describe('the link factor', () => {
  it('proves a link holder, whoever that is, and says so', async () => {
    const link = factorNamed('link');
    const attempt = { request: 'x' as RequestId, approve: true, fields: new Map<string, string>() };
    expect(await link?.prove(attempt)).toEqual({ name: 'link holder', factor: 'link' });
    expect(link?.says).toContain('Anyone who has this link');
    expect(link?.fields).toEqual([]);
  });
});
