/**
 * `nx run shared-native:fuzz`: every target of fuzz/ for a bounded time, from its committed corpus.
 *
 *     --seconds N    time a target (default 10)
 *
 * A finding is written to out/fuzz/<target>/ and fails the run; new inputs that only widen coverage
 * go to out/fuzz/<target>/corpus/, never into the tree.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildFailed, build, buildFolder, MEMORY, SOURCE } from './cmake.ts';
import { main } from './entry.ts';

const LONGEST_INPUT_BYTES = 65_536;

await main('fuzz', () => {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
  const targets = readdirSync(join(SOURCE, 'fuzz'))
    .filter((file) => file.endsWith('_fuzz.cpp'))
    .map((file) => file.replace(/\.cpp$/, ''))
    .sort();
  build(MEMORY, targets, { tests: true });
  const failed = targets.filter((target) => !fuzz(target, Number(values.seconds)));
  for (const target of targets)
    console.log(`${failed.includes(target) ? 'FAIL' : 'ok  '} ${target}`);
  if (failed.length > 0) throw new BuildFailed(`findings in out/fuzz for ${failed.join(', ')}`);
});

function fuzz(target: string, seconds: number): boolean {
  const out = resolve('out/fuzz', target);
  const corpus = join(out, 'corpus');
  mkdirSync(corpus, { recursive: true });
  const committed = join(SOURCE, 'fuzz/corpus', target.replace(/_fuzz$/, ''));
  const { status } = spawnSync(
    join(buildFolder(MEMORY), target),
    [
      ...['-seed=1', `-max_total_time=${seconds}`, `-max_len=${LONGEST_INPUT_BYTES}`, '-timeout=5'],
      ...[
        '-rss_limit_mb=2048',
        '-verbosity=0',
        '-print_funcs=0',
        '-print_final_stats=1',
        `-artifact_prefix=${out}/`,
      ],
      corpus,
      ...(existsSync(committed) ? [committed] : []),
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return status === 0;
}
