/** Student's interval of a mean of few values, where a bootstrap has too few of them to draw from. */

import { mean, standardDeviation } from './stats.ts';

/** Two-sided 95 % points of Student's t with 1, 2, … degrees of freedom (any table of the distribution). */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045,
];
const NORMAL95 = 1.96;

/** 95 % interval of the mean that the values were drawn around, unbounded for fewer than two. */
export function studentInterval(values: readonly number[]): [number, number] {
  if (values.length < 2) return [-Infinity, Infinity];
  const t = T95[values.length - 2] ?? NORMAL95;
  const half = (t * standardDeviation(values, 1)) / Math.sqrt(values.length);
  const center = mean(values);
  return [center - half, center + half];
}
