import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readGoogleTest, readJest, readUnittest, withCrash } from './reports.ts';

function file(content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), 'reports-')), 'report.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('jest', () => {
  const loaded = {
    name: 'a.test.ts',
    status: 'failed',
    assertionResults: [
      { fullName: 'adds', status: 'passed' },
      { fullName: 'divides', status: 'failed' },
    ],
  };
  const broken = { name: 'b.test.ts', status: 'failed', assertionResults: [] };

  test('counts tests, and a file that does not load as one failure', () => {
    expect(readJest(file({ numPassedTests: 1, testResults: [loaded, broken] }))).toEqual({
      passed: 1,
      failures: ['divides', 'b.test.ts: did not run'],
    });
  });
});

describe('GoogleTest', () => {
  const shard = (name: string, tests: unknown[]): unknown => ({
    testsuites: [{ name, testsuite: tests }],
  });
  const ok = { name: 'Ok', status: 'RUN', result: 'COMPLETED' };
  const bad = { ...ok, name: 'Bad', failures: [{ failure: 'x' }] };
  const elsewhere = { name: 'Elsewhere', status: 'NOTRUN', result: 'SUPPRESSED' };

  test('adds up shards and leaves out what another shard ran', () => {
    const folder = mkdtempSync(join(tmpdir(), 'reports-'));
    writeFileSync(join(folder, '0.json'), JSON.stringify(shard('A', [ok, elsewhere])));
    writeFileSync(join(folder, '1.json'), JSON.stringify(shard('B', [ok, bad])));
    expect(readGoogleTest(folder)).toEqual({ passed: 2, failures: ['B.Bad'] });
  });

  test('has nothing where the tests were not built', () => {
    expect(readGoogleTest('/nowhere')).toEqual({ passed: 0, failures: [] });
  });
});

test('unittest', () => {
  expect(readUnittest(file({ passed: 3, failures: ['a'] }))).toEqual({
    passed: 3,
    failures: ['a'],
  });
});

test('a report that is cut off is a failure, not zero tests', () => {
  const { passed, failures } = readUnittest(file('{"passed": 3'));
  expect(passed).toBe(0);
  expect(failures[0]).toMatch(/report\.json: not a readable report/);
});

describe('a suite that dies', () => {
  test('is one failure with its name, whatever its report lists', () => {
    expect(withCrash('cpp', { passed: 5, failures: [] }, 'ended by SIGSEGV')).toEqual({
      passed: 5,
      failures: ['cpp: ended by SIGSEGV'],
    });
  });

  test('is not counted twice when its report names the failures', () => {
    const outcome = { passed: 5, failures: ['A.B'] };
    expect(withCrash('cpp', outcome, 'exit status 1')).toEqual(outcome);
  });
});
