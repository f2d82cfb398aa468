import { expect, test } from '@jest/globals';
import { CMAKE, COMPILER, installLine, MissingProgram, requirePrograms } from './toolchain.ts';

const ABSENT = { name: 'Absent', command: 'no-such-program', apt: 'absent-dev', brew: 'absent' };

test('programs that are there are no problem', () => {
  expect(() => {
    requirePrograms([{ ...ABSENT, command: 'node' }]);
  }).not.toThrow();
});

test('a missing program is one line that ends with what installs it', () => {
  const attempt = (): void => {
    requirePrograms([ABSENT]);
  };
  expect(attempt).toThrow(MissingProgram);
  expect(attempt).toThrow(/^missing: Absent \(no-such-program\); install with: .*absent/);
  expect(attempt).not.toThrow(/\n/);
});

test('the line fits the machine', () => {
  expect(installLine([CMAKE, COMPILER], 'apt')).toMatch(/^(sudo )?apt-get install -y cmake g\+\+$/);
  expect(installLine([CMAKE, COMPILER], 'brew')).toBe('brew install cmake gcc');
  expect(installLine([CMAKE, COMPILER], 'other')).toMatch(/^your package manager, packages like/);
});
