/** Results under the keys that the tool writes, so that scripts that read its files read these. */

import { type ClientRecords, type Summary } from '../../../tools/pipeline/src/lib/raw.ts';
import { percentileSorted, sorted } from '../../../tools/pipeline/src/lib/stats.ts';
import { NS_PER_MS, NS_PER_S } from '../../../tools/pipeline/src/lib/units.ts';
import { WARMUP, type Config } from './config.ts';
import { clientName } from './plan.ts';

const PERCENTILES = [50, 90, 95, 99];

/**
 * `duration` and, by index of the model: of what trains `duration-N`, `iterations-N` (warm-up included) and
 * `throughput-N`; of what evaluates `p50-latency-N` to `p99-latency-N` in milliseconds from the scheduled arrival,
 * null if no request completed, and `throughput-N`.
 */
export function resultsOf(
  { policy, models }: Config,
  summary: Summary,
  records: Map<string, ClientRecords>,
): Record<string, number | null> {
  const results: Record<string, number | null> = {};
  const windows = models.map((_, i) => windowOf(summary, clientName(i)));
  results['duration'] = policy.alone
    ? windows.reduce((sum, window) => sum + window, 0)
    : summary.duration_ns / NS_PER_S;
  models.forEach(({ mode }, i) => {
    const name = clientName(i);
    const client = summary.clients.find((each) => each.name === name);
    const window = windows[i] ?? 0;
    const tid = String(i);
    const throughput = window > 0 ? (client?.iterations_in_window ?? 0) / window : null;
    if (mode === 'train') {
      results[`duration-${tid}`] = window;
      results[`iterations-${tid}`] = (client?.requests ?? 0) + WARMUP;
      results[`throughput-${tid}`] = throughput;
      return;
    }
    const latencies = sorted(records.get(name)?.response ?? new Float64Array());
    for (const percentile of PERCENTILES) {
      results[`p${String(percentile)}-latency-${tid}`] =
        latencies.length === 0 ? null : percentileSorted(latencies, percentile / 100) / NS_PER_MS;
    }
    results[`throughput-${tid}`] = throughput;
  });
  return results;
}

/** A client's own measured time in seconds. */
function windowOf(summary: Summary, name: string): number {
  const client = summary.clients.find((each) => each.name === name);
  return (client?.window_ns ?? summary.duration_ns) / NS_PER_S;
}
