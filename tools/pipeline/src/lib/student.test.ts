import { describe, expect, test } from '@jest/globals';
import { Random } from './random.ts';
import { studentInterval } from './student.ts';

describe("Student's interval", () => {
  test('is wide for three values: 4.303 standard errors', () => {
    const [low, high] = studentInterval([1, 2, 3]);
    expect(low).toBeCloseTo(2 - 4.303 / Math.sqrt(3));
    expect(high).toBeCloseTo(2 + 4.303 / Math.sqrt(3));
  });

  test('of one value says nothing', () => {
    expect(studentInterval([5])).toEqual([-Infinity, Infinity]);
  });

  test.each([2, 3, 6, 40])('covers the mean of %d normal values 95 times in 100', (n) => {
    const random = new Random('student');
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const [low, high] = studentInterval(Array.from({ length: n }, () => random.normal()));
      if (low <= 0 && high >= 0) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.935);
    expect(covered / 4000).toBeLessThan(0.965);
  });
});
