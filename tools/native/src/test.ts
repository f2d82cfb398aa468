/**
 * `nx run shared-native:test`: the core's unit and property tests.
 *
 *     --sanitize address,undefined   in a build with these sanitizers
 *     --sanitize thread              those of the command line, on a binary with this sanitizer:
 *                                    only `cotenant run` has threads
 *     --report FOLDER                GoogleTest's JSON reports, one a shard
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildFailed, build, buildFolder, RELEASE, sanitized } from './cmake.ts';
import { main } from './entry.ts';
import { runTests } from './gtest.ts';

await main('test', async () => {
  const { values } = parseArgs({
    options: { sanitize: { type: 'string' }, report: { type: 'string' } },
  });
  if (values.sanitize === 'thread') {
    await testThreads();
    return;
  }
  const variant = values.sanitize === undefined ? RELEASE : sanitized(values.sanitize);
  build(variant, ['cotenant', 'cotenant_tests'], { tests: true });
  const failed = await runTests(variant, {
    // A sanitized run is several times slower; fewer samples a property keep it short.
    samples: values.sanitize === undefined ? 100 : 20,
    ...(values.report === undefined ? {} : { report: values.report }),
  });
  if (failed.length > 0) throw new BuildFailed(failed.join('; '));
});

async function testThreads(): Promise<void> {
  const instrumented = sanitized('thread');
  build(instrumented, ['cotenant']);
  build(RELEASE, ['cotenant', 'cotenant_tests'], { tests: true });
  const failed = await runTests(RELEASE, {
    samples: 1,
    filter: 'Cli.*',
    binary: join(buildFolder(instrumented), 'cotenant'),
  });
  if (failed.length > 0) throw new BuildFailed(failed.join('; '));
}
