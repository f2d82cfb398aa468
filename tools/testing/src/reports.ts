/** Reading the test frameworks' own reports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Outcome } from './suite.ts';

const Jest = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

const GoogleTest = z.object({
  testsuites: z.array(
    z.object({
      name: z.string(),
      testsuite: z.array(
        z.object({
          name: z.string(),
          status: z.string(),
          result: z.string(),
          failures: z.array(z.unknown()).optional(),
        }),
      ),
    }),
  ),
});

const Unittest = z.object({ passed: z.number(), failures: z.array(z.string()) });

/**
 * @param ended how the process ended, undefined for success. A suite that dies must count as failed
 *   even when its report lists only passes, or is missing.
 */
export function withCrash(suite: string, outcome: Outcome, ended: string | undefined): Outcome {
  if (ended === undefined || outcome.failures.length > 0) return outcome;
  return { passed: outcome.passed, failures: [`${suite}: ${ended}`] };
}

/** A jest file that does not load has no tests of its own; it counts as one failure. */
export function readJest(file: string): Outcome {
  return read(file, Jest, (report) => ({
    passed: report.numPassedTests,
    failures: report.testResults.flatMap(({ name, status, assertionResults }) => {
      const failed = assertionResults.filter((test) => test.status === 'failed');
      if (failed.length === 0 && status === 'failed') return [`${name}: did not run`];
      return failed.map((test) => test.fullName);
    }),
  }));
}

/**
 * One report a shard: a shard that crashed leaves none, which {@link withCrash} makes a failure.
 */
export function readGoogleTest(folder: string): Outcome {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const outcomes = files.map((file) =>
    read(join(folder, file), GoogleTest, ({ testsuites }) => {
      const run = testsuites
        .flatMap(({ name, testsuite }) => testsuite.map((test) => ({ suite: name, ...test })))
        .filter((test) => test.status === 'RUN');
      const failed = run.filter((test) => (test.failures ?? []).length > 0);
      return {
        passed: run.length - failed.length,
        failures: failed.map((test) => `${test.suite}.${test.name}`),
      };
    }),
  );
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

/** Written by unittest_report.py. */
export function readUnittest(file: string): Outcome {
  return read(file, Unittest, (report) => report);
}

function read<T>(file: string, schema: z.ZodType<T>, count: (report: T) => Outcome): Outcome {
  if (!existsSync(file)) return { passed: 0, failures: [] };
  try {
    return count(schema.parse(JSON.parse(readFileSync(file, 'utf8'))));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return { passed: 0, failures: [`${file}: not a readable report: ${reason}`] };
  }
}
