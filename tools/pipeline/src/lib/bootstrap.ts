/**
 * Two-level bootstrap: over requests within a run, and over the runs of a cell.
 *
 * Level 1 gives, for each run, R values of the statistic as if its requests had been drawn again with
 * replacement. No resample is built. A resample of n sorted values x is a multiset of n uniform ranks, so
 * its k-th smallest value is x[floor(n·U)] with U the k-th of n sorted uniforms, and neighbouring sorted
 * uniforms are ratios of gamma sums: three draws a resample instead of n, with the same distribution.
 * Level 2 draws the runs with replacement, by choices shared between all cells and systems of a figure:
 * runs with one seed saw the same arrivals, and ratios of systems keep that pairing.
 */

import type { Random } from './random.ts';
import { lerp, mean, percentileSorted, standardDeviation } from './stats.ts';

/** Resamples per interval. */
export const RESAMPLES = 2000;
/** Two-sided coverage of the intervals. */
export const COVERAGE = 0.95;
/** Below this many requests a mean is resampled directly; above, by the central limit theorem. */
const DIRECT_BELOW = 200;

/** R bootstrap values of the q-th percentile of sorted values. */
export function percentileReplicates(
  values: Float64Array,
  q: number,
  random: Random,
  resamples = RESAMPLES,
): Float64Array {
  const n = values.length;
  const rank = q * (n - 1);
  const k = Math.min(Math.floor(rank) + 1, n); // the lower neighbour is the k-th smallest
  const replicates = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    const below = random.gamma(k);
    if (k === n) {
      // The percentile is the largest value: U of the n-th of n sorted uniforms.
      const u = below / (below + random.gamma(1));
      replicates[b] = values[Math.min(Math.floor(u * n), n - 1)] ?? 0;
      continue;
    }
    const gap = random.gamma(1);
    const total = below + gap + random.gamma(n - k);
    const low = values[Math.min(Math.floor((below / total) * n), n - 1)] ?? 0;
    const high = values[Math.min(Math.floor(((below + gap) / total) * n), n - 1)] ?? 0;
    replicates[b] = lerp(low, high, rank - (k - 1));
  }
  return replicates;
}

/** R bootstrap values of the mean. */
export function meanReplicates(
  values: Float64Array,
  random: Random,
  resamples = RESAMPLES,
): Float64Array {
  const n = values.length;
  const replicates = new Float64Array(resamples);
  const center = mean(values);
  const spread = standardDeviation(values) / Math.sqrt(n);
  for (let b = 0; b < resamples; b++) {
    if (n >= DIRECT_BELOW) {
      replicates[b] = center + spread * random.normal();
      continue;
    }
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[random.below(n)] ?? 0;
    replicates[b] = sum / n;
  }
  return replicates;
}

/** A number that a run gives once: no spread within the run. */
export function constantReplicates(value: number, resamples = RESAMPLES): Float64Array {
  return new Float64Array(resamples).fill(value);
}

/** R choices of `runs` runs out of `runs`, with replacement: row b is choices[b·runs … (b+1)·runs − 1]. */
export function runChoices(runs: number, random: Random, resamples = RESAMPLES): Uint16Array {
  return Uint16Array.from({ length: resamples * runs }, () => random.below(runs));
}

/** Level 2: the mean over the chosen runs, for every resample. */
export function overRuns(replicates: readonly Float64Array[], choices: Uint16Array): Float64Array {
  const runs = replicates.length;
  const result = new Float64Array(choices.length / runs);
  for (let b = 0; b < result.length; b++) {
    let sum = 0;
    for (let i = 0; i < runs; i++) sum += replicates[choices[b * runs + i] ?? 0]?.[b] ?? 0;
    result[b] = sum / runs;
  }
  return result;
}

/** The percentile interval of bootstrap values. */
export function interval(replicates: Float64Array, coverage = COVERAGE): [number, number] {
  const ordered = Float64Array.from(replicates).sort();
  const tail = (1 - coverage) / 2;
  return [percentileSorted(ordered, tail), percentileSorted(ordered, 1 - tail)];
}
