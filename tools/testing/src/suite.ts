/**
 * A suite: something that passes or fails, run by a command of its own, counted from its own
 * report.
 */
import { spawn } from 'node:child_process';

export interface Outcome {
  readonly passed: number;
  /** A line for each failure: the test's name, or what the suite died of. */
  readonly failures: readonly string[];
}

export interface Suite {
  readonly name: string;
  /** What is run, in a few words, for the table. */
  readonly what: string;
  run(): Promise<Outcome>;
}

/** Where suites leave their machine-readable reports. */
export const REPORTS = 'out/test';

/**
 * Runs a command with its output passed through and nothing on its standard input.
 * Resolves to undefined on success, otherwise to how it ended.
 */
export function command(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  return new Promise((done) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    });
    child.on('error', (error) => {
      done(error.message);
    });
    child.on('close', (code, signal) => {
      if (code === 0) done(undefined);
      else done(signal === null ? `exit status ${code ?? 1}` : `ended by ${signal}`);
    });
  });
}

/** A suite without a report of its own: one command, one pass or one failure. */
export function check(
  name: string,
  what: string,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Suite {
  return {
    name,
    what,
    run: async () => {
      const failure = await command(program, args, environment);
      return failure === undefined
        ? { passed: 1, failures: [] }
        : { passed: 0, failures: [`${name}: ${failure}`] };
    },
  };
}
