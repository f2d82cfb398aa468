/** Running the test binary: one process a core, each with its share of the tests. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { buildFolder, SOURCE, type Variant } from './cmake.ts';

export interface RunOptions {
  /** Cases that RapidCheck draws for each property. */
  readonly samples: number;
  /** Folder for GoogleTest's JSON reports; emptied first. */
  readonly report?: string;
  /** Which tests, in GoogleTest's notation; all by default. */
  readonly filter?: string;
  /** The `cotenant` that tests of the command line start; the variant's own by default. */
  readonly binary?: string;
}

/** Returns a line for every shard that failed or crashed; none means that all tests passed. */
export async function runTests(variant: Variant, options: RunOptions): Promise<string[]> {
  const shards = availableParallelism();
  const report = options.report === undefined ? undefined : resolve(options.report);
  if (report !== undefined) {
    rmSync(report, { recursive: true, force: true });
    mkdirSync(report, { recursive: true });
  }
  const results = await Promise.all(
    Array.from({ length: shards }, (_, index) => runShard(variant, index, shards, options, report)),
  );
  return results.filter((line) => line !== undefined);
}

/**
 * Resolves to what went wrong, if anything did. Output is shown whole, after the shard has ended.
 */
function runShard(
  variant: Variant,
  index: number,
  shards: number,
  { samples, filter, binary }: RunOptions,
  report: string | undefined,
): Promise<string | undefined> {
  const name = `tests ${index + 1}/${shards}`;
  return new Promise((done) => {
    const child = spawn(
      join(buildFolder(variant), 'cotenant_tests'),
      [
        '--gtest_brief=1',
        ...(filter === undefined ? [] : [`--gtest_filter=${filter}`]),
        ...(report === undefined ? [] : [`--gtest_output=json:${join(report, `${index}.json`)}`]),
      ],
      {
        cwd: SOURCE,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          GTEST_TOTAL_SHARDS: String(shards),
          GTEST_SHARD_INDEX: String(index),
          RC_PARAMS: process.env['RC_PARAMS'] ?? `max_success=${samples} seed=1`,
          UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
          ...(binary === undefined ? {} : { COTENANT_BINARY: binary }),
        },
      },
    );
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      done(`${name}: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(chunks));
      if (code === 0) done(undefined);
      else done(`${name}: ${signal === null ? `exit status ${code ?? 1}` : `ended by ${signal}`}`);
    });
  });
}
