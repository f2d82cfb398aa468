import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { percentileSorted, mean, sorted, standardDeviation } from './stats.ts';

/** Values of numpy.percentile([15, 20, 35, 40, 50], q) and of numpy.std, computed with NumPy. */
test('percentiles and deviations are NumPy’s', () => {
  const values = Float64Array.of(15, 20, 35, 40, 50);
  expect(percentileSorted(values, 0)).toBe(15);
  expect(percentileSorted(values, 0.05)).toBeCloseTo(16, 12);
  expect(percentileSorted(values, 0.4)).toBeCloseTo(29, 12);
  expect(percentileSorted(values, 0.95)).toBeCloseTo(48, 12);
  expect(percentileSorted(values, 1)).toBe(50);
  expect(standardDeviation([1, 2, 3, 4])).toBeCloseTo(1.118033988749895, 15);
  expect(standardDeviation([1, 2, 3, 4], 1)).toBeCloseTo(1.2909944487358056, 15);
});

const samples = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), {
  minLength: 1,
  maxLength: 60,
});

test('a percentile lies between its neighbours, and rises with q', () => {
  fc.assert(
    fc.property(
      samples,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (list, a, b) => {
        const values = sorted(Float64Array.from(list));
        const [low, high] = [
          percentileSorted(values, Math.min(a, b)),
          percentileSorted(values, Math.max(a, b)),
        ];
        const slack = 1e-9 * Math.max(...list.map(Math.abs), 1);
        expect(low).toBeLessThanOrEqual(high + slack);
        expect(low).toBeGreaterThanOrEqual((values[0] ?? 0) - slack);
        expect(high).toBeLessThanOrEqual((values.at(-1) ?? 0) + slack);
      },
    ),
  );
});

test('a percentile does not depend on the order of the values', () => {
  fc.assert(
    fc.property(samples, (list) => {
      const backwards = Float64Array.from([...list].reverse());
      expect(percentileSorted(sorted(backwards), 0.9)).toBe(
        percentileSorted(sorted(Float64Array.from(list)), 0.9),
      );
    }),
  );
});

test('no values have no percentile', () => {
  expect(() => percentileSorted(new Float64Array(0), 0.5)).toThrow(RangeError);
  expect(mean([])).toBeNaN();
});
