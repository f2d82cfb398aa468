import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findJsonFault } from './json-place.ts';

test.each([
  ['{\n  "id": oops\n}', 2, 9, 'found oops; expected a value'],
  ['{\n  "a": 1,\n}', 3, 1, 'found }; expected a key in double quotes'],
  ['{"a": 1\n "b": 2}', 2, 2, 'found "b":; expected a comma or }'],
  ['{"a" 1}', 1, 6, 'found 1}; expected a colon'],
  ["{'a': 1}", 1, 2, "found 'a':; expected a key or } in double quotes"],
  ['[1, 2', 1, 6, 'the file ends; expected a comma or ]'],
  ['', 1, 1, 'the file ends; expected a value'],
  ['{} x', 1, 4, 'found x; expected the end of the file'],
  ['[01]', 1, 3, 'found 1]; expected a comma or ]'],
  ['[1]]', 1, 4, 'found ]; expected the end of the file'],
])('%j', (text, line, column, reason) => {
  expect(findJsonFault(text)).toEqual({ line, column, reason });
});

test('finds a fault in every cut-off text, and never behind its end', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, n) => {
      const cut = text.slice(0, n % text.length);
      try {
        JSON.parse(cut);
      } catch {
        expect(findJsonFault(cut).column).toBeLessThanOrEqual(cut.length + 1);
      }
    }),
  );
});
