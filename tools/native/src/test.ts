/**
 * `nx run shared-native:test`: the core's unit and property tests.
 *
 *     --sanitize memory    in a build with the address and undefined-behaviour sanitizers
 *     --sanitize threads   those of the command line, on a binary with the thread sanitizer: only
 *                          `cotenant run` has threads
 *     --report FOLDER      GoogleTest's JSON reports, one a shard
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BuildFailed,
  build,
  buildFolder,
  MEMORY,
  RELEASE,
  THREADS,
  type Variant,
} from './cmake.ts';
import { main } from './entry.ts';
import { runTests } from './gtest.ts';

/** What `--sanitize` names. */
const SANITIZED: Readonly<Record<string, Variant>> = { memory: MEMORY, threads: THREADS };

await main('test', async () => {
  const { values } = parseArgs({
    options: { sanitize: { type: 'string' }, report: { type: 'string' } },
  });
  const name = values.sanitize;
  const variant = name === undefined ? RELEASE : SANITIZED[name];
  if (variant === undefined)
    throw new BuildFailed(`--sanitize: is "${name ?? ''}"; expected memory or threads`);
  if (variant === THREADS) {
    await testThreads();
    return;
  }
  build(variant, ['cotenant', 'cotenant_tests'], { tests: true });
  const failed = await runTests(variant, {
    // A sanitized run is several times slower; fewer samples a property keep it short.
    samples: variant === RELEASE ? 100 : 20,
    ...(values.report === undefined ? {} : { report: values.report }),
  });
  if (failed.length > 0) throw new BuildFailed(failed.join('; '));
});

async function testThreads(): Promise<void> {
  build(THREADS, ['cotenant']);
  build(RELEASE, ['cotenant', 'cotenant_tests'], { tests: true });
  const failed = await runTests(RELEASE, {
    samples: 1,
    filter: 'Cli.*',
    binary: join(buildFolder(THREADS), 'cotenant'),
  });
  if (failed.length > 0) throw new BuildFailed(failed.join('; '));
}
