import { expect, test } from '@jest/globals';
import {
  interval,
  meanReplicates,
  overRuns,
  percentileReplicates,
  runChoices,
} from './bootstrap.ts';
import { Random } from './random.ts';
import { mean, percentileSorted, standardDeviation } from './stats.ts';

/** The textbook bootstrap: draw n values with replacement, take the percentile. */
function direct(values: Float64Array, q: number, random: Random, resamples: number): Float64Array {
  return Float64Array.from({ length: resamples }, () =>
    percentileSorted(values.map(() => values[random.below(values.length)] ?? 0).sort(), q),
  );
}

test.each([
  ['median of 50', 50, 0.5],
  ['p95 of 40', 40, 0.95],
  ['p99 of 300', 300, 0.99],
  ['largest of 20', 20, 1],
  ['smallest of 20', 20, 0],
])('%s: resampled ranks have the distribution of resampled values', (_, n, q) => {
  const source = new Random(`values ${String(n)}`);
  const values = Float64Array.from({ length: n }, () => Math.exp(source.normal())).sort();
  const resamples = 20000;
  const fast = percentileReplicates(values, q, new Random('fast'), resamples);
  const slow = direct(values, q, new Random('slow'), resamples);
  const spread = standardDeviation(slow);
  expect(Math.abs(mean(fast) - mean(slow))).toBeLessThan(0.05 * spread);
  expect(standardDeviation(fast) / spread).toBeCloseTo(1, 1);
  fast.sort();
  slow.sort();
  for (const p of [0.025, 0.25, 0.75, 0.975]) {
    expect(Math.abs(percentileSorted(fast, p) - percentileSorted(slow, p))).toBeLessThan(
      0.2 * spread,
    );
  }
});

test('a percentile interval covers the true value about as often as it says', () => {
  const source = new Random('coverage');
  const truth = -Math.log(0.1); // p90 of the exponential distribution
  let covered = 0;
  const trials = 300;
  for (let t = 0; t < trials; t++) {
    const values = Float64Array.from({ length: 400 }, () => -Math.log(source.uniform())).sort();
    const [low, high] = interval(
      percentileReplicates(values, 0.9, new Random(`trial ${String(t)}`), 400),
    );
    if (low <= truth && truth <= high) covered++;
  }
  expect(covered / trials).toBeGreaterThan(0.9);
});

test('the mean has the spread of its standard error, resampled directly or by the limit theorem', () => {
  for (const n of [50, 5000]) {
    const source = new Random(`mean of ${String(n)}`);
    const values = Float64Array.from({ length: n }, () => source.normal());
    const replicates = meanReplicates(values, new Random('replicates'));
    const error = standardDeviation(values) / Math.sqrt(n);
    expect(Math.abs(mean(replicates) - mean(values))).toBeLessThan(0.1 * error);
    expect(standardDeviation(replicates) / error).toBeCloseTo(1, 1);
  }
});

test('level 2 averages the chosen runs', () => {
  const runs = [Float64Array.of(1, 10), Float64Array.of(3, 30)];
  expect([...overRuns(runs, Uint16Array.of(0, 1, 1, 1))]).toEqual([2, 30]);
  const choices = runChoices(3, new Random('choices'), 100);
  expect(choices).toHaveLength(300);
  expect(Math.max(...choices)).toBe(2);
});

test('the same seed gives the same numbers, another seed others', () => {
  const values = Float64Array.of(1, 2, 3, 4, 5);
  const draw = (seed: string): string =>
    percentileReplicates(values, 0.5, new Random(seed), 10).join();
  expect(draw('a')).toBe(draw('a'));
  expect(draw('a')).not.toBe(draw('b'));
});
