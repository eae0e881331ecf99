import { describe, expect, it } from 'vitest';
import { factors } from '../../src/approvers/index.ts';
import { requestId } from '../../src/core/request.ts';

describe('the factors', () => {
  it('each have a name of their own, which stands in the audit log', () => {
    const names = factors.map(({ factor }) => factor);
    expect(names).toContain('link');
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the link factor', () => {
  it('proves a link holder, whoever that is, and says so', async () => {
    const link = factors.find(({ factor }) => factor === 'link');
    const attempt = { request: requestId('x'), approve: true, fields: new Map<string, string>() };
    expect(await link?.prove(attempt)).toEqual({ name: 'link holder', factor: 'link' });
    expect(link?.says).toContain('Anyone who has this link');
    expect(link?.fields).toEqual([]);
  });
});
