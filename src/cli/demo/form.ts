/**
 * The fields that a browser would send if somebody pressed the button of this form at once: what is hidden, checked or filled in.
 * Reads our own pages only, whose inputs are written as `<input name="…" …>`.
 * @param form its `id`
 */
export function filledForm(html: string, form: string): URLSearchParams {
  const [, inside = ''] = new RegExp(`<form id="${form}"[^>]*>(.*?)</form>`, 'su').exec(html) ?? [];
  const outside = inputsOf(html).filter((input) => attribute(input, 'form') === form);
  const fields = new URLSearchParams();
  for (const input of [...inputsOf(inside), ...outside]) {
    const name = attribute(input, 'name');
    if (name !== null && isSent(input)) fields.append(name, attribute(input, 'value') ?? defaultOf(input));
  }
  return fields;
}

function inputsOf(html: string): string[] {
  return html.match(/<input\b[^>]*>/gu) ?? [];
}

function isSent(input: string): boolean {
  const type = attribute(input, 'type');
  return (type !== 'radio' && type !== 'checkbox') || /\schecked\b/u.test(input);
}

function defaultOf(input: string): string {
  return attribute(input, 'type') === 'checkbox' ? 'on' : '';
}

function attribute(input: string, name: string): string | null {
  return new RegExp(`\\s${name}="([^"]*)"`, 'u').exec(input)?.[1] ?? null;
}
