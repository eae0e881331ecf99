/** Says on stderr how far a long check has come; nothing where no person looks on. Returns the way to say it and to take it away. */
export function openProgress(): { readonly say: (rows: number) => void; readonly end: () => void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { say: () => undefined, end: () => undefined };
  let said = 0;
  return {
    say(rows) {
      if (rows - said < everyRows) return;
      said = rows;
      stderr.write(`\r${rows.toLocaleString('en')} rows checked`);
    },
    end() {
      // Back to the beginning of the line, which is erased (ECMA-48, EL).
      if (said > 0) stderr.write('\r\u001b[K');
    },
  };
}

const everyRows = 20_000;
