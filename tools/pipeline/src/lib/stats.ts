/** Statistics of samples, with the definitions that the metrics document states. */

type Sample = Float64Array | readonly number[];

/** A percentile by linear interpolation between closest ranks (numpy.percentile's default). */
export function percentileSorted(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) throw new RangeError('percentile of no values');
  const rank = q * (sorted.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return lerp(sorted[low] ?? 0, sorted[high] ?? 0, rank - low);
}

/** From a to b; written as numpy does, so that t near 1 ends exactly at b. */
export function lerp(a: number, b: number, t: number): number {
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

export function mean(values: Sample): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Standard deviation; ddof 0 is the population's (numpy.std's default), 1 the sample's. */
export function standardDeviation(values: Sample, ddof = 0): number {
  const center = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - center) ** 2;
  return Math.sqrt(sum / (values.length - ddof));
}

/** Sorted copy. */
export function sorted(values: Float64Array): Float64Array {
  return Float64Array.from(values).sort();
}
