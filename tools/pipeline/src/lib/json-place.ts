/** Where a JSON text breaks its grammar. V8's own message gives the place for some errors only. */

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

export interface JsonFault {
  line: number;
  column: number;
  /** What stands there and what would be right. */
  reason: string;
}

/** The first fault of a text that JSON.parse refuses. */
export function findJsonFault(text: string): JsonFault {
  const open: ('{' | '[')[] = [];
  /** What may come next: a value, a key, a colon, or a comma or end. */
  let expected = 'a value';
  let position = 0;
  for (;;) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    const start = position + (/^[ \t\r\n]*/.exec(text.slice(position))?.[0].length ?? 0);
    const [, punctuation, string] = match ?? [];
    const next = match === null ? null : step(open, expected, punctuation, string !== undefined);
    if (next === null) return fault(text, start, expected, open.at(-1));
    expected = next;
    position = TOKEN.lastIndex;
  }
}

/** What may follow a token, or null if the token may not stand here. Keeps `open` up to date. */
function step(
  open: ('{' | '[')[],
  expected: string,
  punctuation: string | undefined,
  isString: boolean,
): string | null {
  const inside = open.at(-1);
  const after = 'a comma or the end';
  switch (punctuation) {
    case undefined:
      if (expected === 'a key' || expected === 'a key or }') return isString ? 'a colon' : null;
      return expected.startsWith('a value') ? after : null;
    case '{':
    case '[':
      if (!expected.startsWith('a value')) return null;
      open.push(punctuation);
      return punctuation === '{' ? 'a key or }' : 'a value or ]';
    case '}':
    case ']': {
      const opener = punctuation === '}' ? '{' : '[';
      const empty = expected === `a ${opener === '{' ? 'key' : 'value'} or ${punctuation}`;
      if (inside !== opener || (expected !== after && !empty)) return null;
      open.pop();
      return after;
    }
    case ',':
      if (expected !== after || inside === undefined) return null;
      return inside === '{' ? 'a key' : 'a value';
    default:
      return expected === 'a colon' ? 'a value' : null;
  }
}

function fault(
  text: string,
  position: number,
  expected: string,
  inside: string | undefined,
): JsonFault {
  const before = text.slice(0, position).split('\n');
  const found = text.slice(position).split(/[\s,]/)[0] ?? '';
  const what = position >= text.length ? 'the file ends' : `found ${found.slice(0, 20)}`;
  const closer = inside === '{' ? '}' : inside === '[' ? ']' : 'the end of the file';
  const wanted =
    expected === 'a comma or the end'
      ? `${inside === undefined ? '' : 'a comma or '}${closer}`
      : expected;
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    reason: `${what}; expected ${wanted}${expected.startsWith('a key') ? ' in double quotes' : ''}`,
  };
}
