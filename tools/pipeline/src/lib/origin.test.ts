import { expect, test } from '@jest/globals';
import { describeOrigin } from './origin.ts';
import type { ResultRow } from './results.ts';

const ROW: ResultRow = {
  ...{ figure: 'small', system: 'ideal', cell: {}, metric: 'hp_latency_p50', value: 1 },
  ...{ ci_low: 1, ci_high: 1, n: 1, unit: 'ms', seeds: 3, note: '' },
  ...{ lane: 'sim', gpu: 'gpu-a', label: 'simulated, derived programs' },
};
const WHOLE = { quick: false, coverage: { measured: 4, in_part: 0, of: 4, not_applicable: 0 } };

test.each([
  [
    'simulated: the specification’s name, the lane, how programs came to be',
    [ROW],
    WHOLE,
    'Name of gpu-a  ·  lane: sim (simulated GPU)  ·  simulated, derived programs  ·  3 runs a cell',
  ],
  [
    'measured: on which GPU',
    [{ ...ROW, lane: 'cuda', gpu: 'NVIDIA H200', label: 'measured' }],
    WHOLE,
    'lane: cuda, measured on Name of NVIDIA H200  ·  3 runs a cell',
  ],
  [
    'measured with generated kernels',
    [{ ...ROW, lane: 'cuda', gpu: 'NVIDIA H200', label: 'measured, synthetic programs' }],
    { ...WHOLE, quick: true },
    'lane: cuda, measured on Name of NVIDIA H200  ·  synthetic programs  ·  3 runs a cell  ·  quick: reduced request counts',
  ],
  [
    'measured in part',
    [
      { ...ROW, lane: 'cuda', label: 'measured', seeds: 1 },
      { ...ROW, lane: 'cuda', label: 'measured' },
    ],
    { quick: false, coverage: { measured: 1, in_part: 2, of: 4, not_applicable: 2 } },
    'lane: cuda, measured on Name of gpu-a  ·  1 or 3 runs a cell  ·  1 of 4 cells measured, 2 in part  ·  2 cells not applicable',
  ],
])('%s', (_, rows, notes, line) => {
  expect(describeOrigin(rows, (id) => `Name of ${id}`, notes)).toBe(line);
});
