const mostBlankLines = 100;
/** Characters looked at; dotenv needs 3 to 4 ns for each. */
const mostSteps = 20_000_000;

/**
 * Why dotenv's regular expression would stop the process over this text, in words that go after "has" or "holds"; null if it would not.
 * It tries each line anew and reads on over all the blanks that follow, so its time grows with the square of blank lines: 200,000 of them
 * took 40 seconds. This counts what it would look at, in one pass.
 */
export function slowToParse(text: string): string | null {
  let [steps, head, headEnd, tailEnd] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at = nextLine(text, at)) {
    // Lines inside one run of blanks share what comes after it.
    if (at >= head) {
      head = skip(text, at, isBlank);
      if (breaksIn(text, at, head) > mostBlankLines) return 'more than 100 blank lines in a row';
      headEnd = endOfHead(text, head);
    }
    if (at >= tailEnd) tailEnd = skip(text, at, (code) => code !== 10 && code !== 13);
    steps += headEnd - at + (isSeparator(text.charCodeAt(at - 1)) ? tailEnd - at : 0);
    if (steps > mostSteps) return 'too many blank lines, or too long ones';
  }
  return null;
}

/** How far the expression has to look before it can tell that no assignment begins here. */
function endOfHead(text: string, start: number): number {
  const afterExport = text.startsWith('export', start) ? skip(text, start + 6, isBlank) : start;
  return skip(text, skip(text, afterExport, isNamePart), isBlank);
}

function nextLine(text: string, from: number): number {
  const end = skip(text, from, (code) => !isBreak(code));
  return end + (text.startsWith('\r\n', end) ? 2 : 1);
}

function breaksIn(text: string, from: number, to: number): number {
  return text.slice(from, to).match(/\r\n|[\n\r\u2028\u2029]/gu)?.length ?? 0;
}

function skip(text: string, from: number, over: (code: number) => boolean): number {
  let at = from;
  while (at < text.length && over(text.charCodeAt(at))) at += 1;
  return at;
}

function isBreak(code: number): boolean {
  return code === 10 || code === 13 || isSeparator(code);
}

/** A line break that a value may hold. dotenv looks for quotes around the value, through the rest of it, at each. */
function isSeparator(code: number): boolean {
  return code === 0x2028 || code === 0x2029;
}

/** As `\s` does. */
function isBlank(code: number): boolean {
  if (code < 0xa0) return code === 32 || (code >= 9 && code <= 13);
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    isSeparator(code) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

/** As `[\w.-]` does. */
function isNamePart(code: number): boolean {
  if (code >= 97) return code <= 122;
  return (code >= 65 && code <= 90) || code === 95 || (code >= 45 && code <= 57 && code !== 47);
}
