/** Looks for texts in the memory of another process: `memory.ts <pid> <text>...`. Prints the ones it finds. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const [pid = '', ...texts] = process.argv.slice(2);
const memory = openSync(`/proc/${pid}/mem`, 'r');
const found = new Set<string>();
for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
  const [range = '', access = ''] = line.split(' ');
  const [start = 0n, end = 0n] = range.split('-').map((edge) => BigInt(`0x${edge === '' ? '0' : edge}`));
  if (!access.startsWith('rw') || end - start > 512n * 1024n * 1024n) continue;
  const bytes = Buffer.alloc(Number(end - start));
  try {
    readSync(memory, bytes, 0, bytes.length, start);
  } catch {
    continue;
  }
  for (const text of texts) if (bytes.includes(text)) found.add(text);
}
closeSync(memory);
process.stdout.write([...found].join('\n'));
