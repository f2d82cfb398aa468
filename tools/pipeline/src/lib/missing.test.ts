import { expect, test } from '@jest/globals';
import { smallFigure } from './figure-for-test.ts';
import { coverage, NOT_APPLICABLE, type MissingPlan } from './missing.ts';

const FIGURE = { ...smallFigure(), seeds: [1, 2] };
const DEEP = { system: 'deep', cell: { hp: 'resnet50', be: 'bert' } };
const plan = (seed: number, reason = 'not measured'): MissingPlan => ({ ...DEEP, seed, reason });

test('a cell is measured, measured in part, or not; what cannot be served counts for nothing', () => {
  const whole = coverage(FIGURE, []);
  expect(whole).toEqual({ measured: whole.of, in_part: 0, of: whole.of, not_applicable: 0 });
  expect(coverage(FIGURE, [plan(2)])).toEqual({ ...whole, measured: whole.of - 1, in_part: 1 });
  expect(coverage(FIGURE, [plan(1), plan(2)])).toEqual({ ...whole, measured: whole.of - 1 });
  expect(coverage(FIGURE, [plan(1, NOT_APPLICABLE), plan(2, NOT_APPLICABLE)])).toEqual({
    ...{ measured: whole.of - 1, in_part: 0, of: whole.of - 1, not_applicable: 1 },
  });
});

test('a client that runs alone is missed in every cell that it stands in', () => {
  const alone: MissingPlan = { system: 'ideal', cell: { be: 'bert' }, seed: 1, reason: 'x' };
  const cells = FIGURE.axes['hp']?.length ?? 0;
  expect(coverage(FIGURE, [alone]).in_part).toBe(cells);
});
