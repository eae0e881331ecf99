import { describe, expect, it } from 'vitest';
import type { RequestView } from '../../src/core/ports.ts';
import { choiceOf } from '../../src/web/choice.ts';
import type { DecisionForm } from '../../src/web/form.ts';
import { readForm } from '../../src/web/form.ts';
import { someView } from './support.ts';

const batch = someView({ names: ['A', 'B', 'C'].map((name) => ({ id: `id-${name}`, name })) });

function chosen(fields: string, view: RequestView = batch): ReturnType<typeof choiceOf> {
  const form: DecisionForm | null = readForm(`csrf=abc&decision=${fields}`);
  if (form === null) throw new Error(`not a form: ${fields}`);
  return choiceOf(form, view);
}

describe('the names of a batch', () => {
  it('are all approved when all are ticked', () => {
    expect(chosen('approve&name=0&name=1&name=2')).toMatchObject({ approve: true, names: null });
  });

  it('are only those that are ticked', () => {
    expect(chosen('approve&name=2&name=0')).toMatchObject({ names: ['id-A', 'id-C'] });
  });

  it('are never none, and never others than were asked for', () => {
    expect(chosen('approve')).toBe('noName');
    expect(chosen('approve&name=3')).toBe('invalid');
  });

  it('cannot be left out of a window on the whole vault', () => {
    expect(chosen('approve&name=0&window=60000&scope=vault')).toBe('wholeVault');
    expect(chosen('approve&name=0&name=1&name=2&window=60000&scope=vault')).toMatchObject({ names: null });
  });

  it('all belong to a window on the whole vault, whose page switches the boxes off', () => {
    expect(chosen('approve&window=60000&scope=vault')).toMatchObject({ names: null, scope: 'vault' });
    expect(chosen('approve&window=0&scope=vault')).toBe('noName');
  });

  it('that mean one secret are approved only together', () => {
    const twice = someView({ names: [...batch.names, { id: 'id-A', name: 'op://x/A' }] });
    expect(chosen('approve&name=0&name=1', twice)).toMatchObject({ names: ['id-B'] });
    expect(chosen('approve&name=0', twice)).toBe('noName');
  });
});

describe('a request from which nothing can be left out', () => {
  it.each([
    ['one secret', someView()],
    ['a write', someView({ operation: 'write', names: batch.names })],
  ])('has no boxes: %s', (_what, view) => {
    expect(chosen('approve', view)).toMatchObject({ names: null });
    expect(chosen('approve&name=0', view)).toBe('invalid');
  });
});

describe('the digits of the terminal', () => {
  const careful = someView({ needsCode: true });

  it('have to be typed where the vault asks for them', () => {
    expect(chosen('approve', careful)).toBe('noDigits');
    expect(chosen('approve&code=4', careful)).toBe('noDigits');
    expect(chosen('approve&code=ab', careful)).toBe('noDigits');
    expect(chosen('approve&code=42', careful)).toMatchObject({ code: '42' });
  });

  it('are not looked at where it does not, nor for a denial', () => {
    expect(chosen('approve&code=42', someView())).toMatchObject({ code: null });
    expect(chosen('deny', careful)).toMatchObject({ approve: false });
  });
});

describe('a denial', () => {
  it('brings its note and whether the session is muted, and nothing of an approval', () => {
    expect(chosen('deny&note=Not+now&mute=on&window=900000&scope=vault&name=7')).toEqual({
      approve: false,
      names: null,
      windowMs: 0,
      scope: 'secret',
      note: 'Not now',
      mute: true,
      code: null,
      config: null,
    });
  });

  it('lends nothing to an approval', () => {
    expect(chosen('approve&note=Not+now&mute=on', someView())).toMatchObject({ note: null, mute: false });
  });
});
