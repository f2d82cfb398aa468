/**
 * `nx run shared-native:bench`: the core's benchmarks as a table. Arguments go to Google Benchmark.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BuildFailed, build, buildFolder, RELEASE } from './cmake.ts';
import { main } from './entry.ts';

await main('bench', () => {
  build(RELEASE, ['cotenant', 'cotenant_bench'], { bench: true });
  const bench = join(buildFolder(RELEASE), 'cotenant_bench');
  const args = ['--benchmark_counters_tabular=true', ...process.argv.slice(2)];
  const { status } = spawnSync(bench, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new BuildFailed(`cotenant_bench: exit status ${status ?? 1}`);
});
