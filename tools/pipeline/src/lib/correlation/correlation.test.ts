import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from '../measure.ts';
import { parseMetric } from '../metric-names.ts';
import { judgeAgain, type MeasuredAgain } from './again.ts';
import { comparePoints, type Compared, type Point } from './compare.ts';
import { ranksOf } from './ranks.ts';
import { readSettings, type CorrelationSettings } from './settings.ts';
import { tableMarkdown, tableRows, verdictPage } from './tables.ts';
import { judgeCorrelation } from './verdict.ts';

/** Half the width of the spread of bootstrap values around a measured value. */
const NOISE = 0.1;

/** A value of a system beside a job; its bootstrap values spread evenly, in an order of its own, three runs by `spread`. */
function value(
  system: string,
  be: string,
  metric: string,
  amount: number,
  spread = 0,
): Measurement {
  const parsed = parseMetric(metric, ['hp', 'be']);
  if (parsed === null) throw new Error(metric);
  const steps = Array.from({ length: 101 }, (_, i) => (i - 50) / 50);
  if (system > 'n') steps.reverse();
  return {
    entry: { id: system, label: system, system, ...(system === 'ideal' ? { alone: true } : {}) },
    cell: { hp: 'net', be },
    metric: parsed,
    value: amount,
    replicates: Float64Array.from(steps, (step) => amount + NOISE * step),
    perRun: [amount - spread, amount, amount + spread],
    ...{ n: 1000, seeds: 3, notes: [] },
  };
}

const interval = (m: Measurement): [number, number] => [m.value - NOISE, m.value + NOISE];

/** Each given value as measured, and simulated with the error that belongs to it. */
function compared(values: readonly [Measurement, number][]): Compared {
  return {
    ...{ figure: 'paper/small', client: 'hp' },
    measured: values.map(([m]) => m),
    simulated: values.map(([m, error]) => ({ ...m, value: m.value * (1 + error) })),
  };
}

const SETTINGS: CorrelationSettings = {
  ...{ version: 1, figures: ['paper/small'], load_limit: 0.8 },
  metrics: ['hp_service_p99', 'hp_latency_p99', 'be_throughput'],
  calibration: [{ figure: 'paper/small', cell: { be: 'a' } }],
  bars: [
    { metric: 'hp_service_p99', median_error: 0.1, below_load_limit: false },
    { metric: 'hp_latency_p99', median_error: 0.1, below_load_limit: true },
    { metric: 'be_throughput', median_error: 0.1, below_load_limit: false },
  ],
  ranks: ['hp_latency_p99'],
};

function points(of: Compared): Point[] {
  return comparePoints(of, SETTINGS.metrics, ({ be }) => be === 'a', interval);
}

const verdictOf = (of: Compared): ReturnType<typeof judgeCorrelation> => {
  const own = points(of);
  return judgeCorrelation(SETTINGS, own, ranksOf(of, own, SETTINGS.ranks, 0.8), []);
};

describe('errors', () => {
  const service = (be: string, error: number): [Measurement, number] => [
    value('mps', be, 'hp_service_p99', 10),
    error,
  ];

  test('are simulated over measured, by set', () => {
    const [calibrated, held] = points(compared([service('a', 0.5), service('b', -0.2)]));
    expect(calibrated).toMatchObject({ set: 'calibration', simulated: 15, measured: 10 });
    expect(calibrated?.error).toBeCloseTo(0.5);
    expect(held).toMatchObject({ set: 'held-back', ci_low: 9.9, ci_high: 10.1 });
    expect(held?.error).toBeCloseTo(-0.2);
  });

  test('the bar is on the median of held-back cells only', () => {
    const { bars, errors } = verdictOf(
      compared([
        service('a', 0.9),
        service('b', 0.02),
        service('c', -0.06),
        service('d', 0.5),
        service('e', -0.08),
        service('f', 0.01),
      ]),
    );
    expect(bars[0]).toMatchObject({ n: 5, verdict: 'HOLDS' });
    expect(bars[0]?.median).toBeCloseTo(0.06);
    expect(bars[1]).toMatchObject({ n: 0, median: null, verdict: 'UNTESTED' });
    const held = errors.find(({ set, figure }) => set === 'held-back' && figure === 'all');
    expect(held?.bias).toBeCloseTo(0.01);
  });

  test('a median above the bar fails', () => {
    const { bars } = verdictOf(compared([service('b', 0.11), service('c', -0.2)]));
    expect(bars[0]).toMatchObject({ verdict: 'FAILS' });
  });

  test('what only one of both has is left out', () => {
    const both = compared([service('b', 0.1)]);
    expect(points({ ...both, simulated: [] })).toEqual([]);
  });

  test('a client that runs alone counts once, apart from what shares the GPU', () => {
    const alone = compared([
      [value('ideal', 'a', 'hp_service_p99', 5), 0],
      [value('ideal', 'b', 'hp_service_p99', 5), 0],
      [value('ideal', 'a', 'be_throughput', 7), 0],
      [value('ideal', 'b', 'be_throughput', 9), 0],
    ]);
    expect(points(alone).map(({ set, cell, load }) => [set, cell, load])).toEqual([
      ['solo', { hp: 'net' }, null],
      ['solo', { be: 'a' }, null],
      ['solo', { be: 'b' }, null],
    ]);
    expect(verdictOf(alone).bars[0]).toMatchObject({ n: 0 });
  });
});

describe('load', () => {
  /** 100 requests a second of 5 ms; under streams 9 ms, and not all of them complete. */
  const BUSY = compared([
    [value('mps', 'b', 'hp_throughput', 100), 0],
    [value('mps', 'b', 'hp_service_mean', 5), 0],
    [value('mps', 'b', 'hp_latency_p99', 20), 0.05],
    [value('streams', 'b', 'hp_throughput', 95), 0],
    [value('streams', 'b', 'hp_service_mean', 9), 0],
    [value('streams', 'b', 'hp_latency_p99', 300), 1.5],
  ]);

  test('is rate × service time, the rate being the one that requests arrive at', () => {
    expect(points(BUSY).map(({ system, load }) => [system, load])).toEqual([
      ['mps', 0.5],
      ['streams', 0.9],
    ]);
  });

  test('at the limit and above it, latency is reported apart and decides nothing', () => {
    const { bars, errors, ranks } = verdictOf(BUSY);
    expect(bars[1]).toMatchObject({ metric: 'hp_latency_p99', n: 1, verdict: 'HOLDS' });
    const apart = errors.find(({ load, figure }) => load === 'above' && figure === 'all');
    expect(apart).toMatchObject({ n: 1, median: 1.5 });
    expect(ranks[0]).toMatchObject({ clear: 0, verdict: 'UNTESTED' });
  });
});

describe('ranks', () => {
  const latency = (system: string, amount: number, error = 0): [Measurement, number] => [
    value(system, 'b', 'hp_latency_p99', amount),
    error,
  ];

  test('only pairs with a gap above noise count', () => {
    const { ranks } = verdictOf(
      // 2.00 and 2.05 are nearer than their noise, and simulated the other way round.
      compared([latency('mps', 2), latency('streams', 2.05, -0.1), latency('timeslice', 9)]),
    );
    expect(ranks[0]).toMatchObject({ cells: 1, clear: 2, right: 2, verdict: 'HOLDS' });
  });

  test('runs that differ more than the systems make no order', () => {
    const { ranks } = verdictOf(
      // In each run streams is behind, by 0.5, 2.5 or 4.5: no interval of three such differences excludes 0.
      compared([
        latency('mps', 2),
        [value('streams', 'b', 'hp_latency_p99', 4.5, 2), 0],
        latency('timeslice', 9),
      ]),
    );
    expect(ranks[0]).toMatchObject({ clear: 1, right: 1 });
  });

  test('a pair the wrong way round is found, with how far apart it was', () => {
    const { ranks, wrong_ranks: wrong } = verdictOf(
      compared([latency('mps', 2), latency('streams', 4, -0.6), latency('timeslice', 9)]),
    );
    expect(ranks[0]).toMatchObject({ clear: 3, right: 2, lowest_spearman: 0.5, verdict: 'FAILS' });
    expect(ranks[0]?.largest_wrong_gap).toBeCloseTo(1);
    expect(wrong[0]?.wrong).toEqual([
      { above: 'streams', below: 'mps', measured: [4, 2], simulated: [1.6, 2] },
    ]);
  });

  test('a tie in the simulation is no order', () => {
    const { ranks } = verdictOf(compared([latency('mps', 2), latency('streams', 4, -0.5)]));
    expect(ranks[0]).toMatchObject({ clear: 1, right: 0 });
  });
});

describe('measured again', () => {
  /** mps 5 % off, streams 60 % and behind mps when simulated; on the other machine 2 and 10 %. */
  const values = ['b', 'c'].flatMap((be): [Measurement, number, number][] => [
    [value('mps', be, 'hp_latency_p99', 2), 0.05, -0.02],
    [value('streams', be, 'hp_latency_p99', 4), -0.6, 0.1],
  ]);
  const first = compared(values.map(([m, error]) => [m, error]));
  const again = (missing: MeasuredAgain['missing'] = []): MeasuredAgain => ({
    compared: first,
    points: points(first),
    again: values.map(([m, , error]) => ({ ...m, value: m.value * (1 + error) })),
    missing,
  });
  const judged = (of: MeasuredAgain[]): ReturnType<typeof judgeAgain> =>
    judgeAgain(SETTINGS, of, (_, { be }) => be === 'a', interval);

  test('both are held to the first measurements', () => {
    const verdict = judged([again()]);
    expect(verdict?.bars[1]).toMatchObject({ metric: 'hp_latency_p99', load: 'below', n: 4 });
    expect(verdict?.bars[1]?.again).toBeCloseTo(0.06);
    expect(verdict?.bars[1]?.simulated).toBeCloseTo(0.325);
    expect(verdict?.ranks[0]).toMatchObject({ cells: 2, clear: 2, again: 2, simulated: 0 });
  });

  test('a system of which a run is missing is left out, for both', () => {
    const plan = {
      system: 'streams',
      cell: { hp: 'net', be: 'c' },
      seed: 1,
      reason: 'not measured',
    };
    const verdict = judged([again([plan])]);
    expect(verdict?.bars[1]).toMatchObject({ n: 3 });
    expect(verdict?.bars[1]?.simulated).toBeCloseTo(0.05);
    expect(verdict?.ranks[0]).toMatchObject({ cells: 1, clear: 1, again: 1 });
  });

  test('without such measurements there is nothing to say', () => {
    expect(judged([])).toBeNull();
    const own = points(first);
    const verdict = judgeCorrelation(SETTINGS, own, [], []);
    const page = (of: ReturnType<typeof judgeAgain>): string =>
      verdictPage('Title', 'somewhere', { ...verdict, again: of });
    expect(page(null)).not.toContain('Measured again');
    expect(page(judged([again()]))).toContain(
      '| hp_latency_p99 | load below 80.0 % | 4 | 6.0 % | 32.5 % |',
    );
  });
});

describe('pages', () => {
  const shown = compared([
    [value('mps', 'b', 'hp_latency_p99', 2), 0.05],
    [value('streams', 'b', 'hp_latency_p99', 4), -0.6],
  ]);

  test('the table has a line a system and cell, with simulated, measured and error', () => {
    const lines = tableMarkdown('Title', SETTINGS.metrics, points(shown)).split('\n');
    expect(lines).toContain(
      '| paper/small | hp=net, be=b | mps | held-back |  |  | 2.1 / 2 (+5.0 %) |  |',
    );
    expect(tableRows(points(shown))[1]).toMatchObject({
      ...{ system: 'streams', quantity: 'hp latency', statistic: 'p99', error: -0.6 },
    });
  });

  test('the verdict names bars, wrong pairs and what is not measured', () => {
    const own = points(shown);
    const verdict = judgeCorrelation(
      { ...SETTINGS, figures: ['paper/small', 'paper/other'] },
      own,
      ranksOf(shown, own, SETTINGS.ranks, 0.8),
      ['paper/other'],
    );
    const page = verdictPage('Title', 'somewhere', { ...verdict, again: null });
    expect(page).toContain('Not measured: paper/other.');
    expect(page).toContain(
      '| hp_latency_p99 | load below 80.0 % | 2 | 32.5 % | ≤ 10.0 % | ✘ FAILS |',
    );
    expect(page).toContain(
      '| paper/small | hp=net, be=b | hp_latency_p99 | streams > mps | 100.0 % | 4, 2 | 1.6, 2.1 |',
    );
  });
});

describe('settings', () => {
  const problems = (change: object): string => {
    const folder = mkdtempSync(join(tmpdir(), 'cotenant-correlation-'));
    const file = join(folder, 'correlation.json');
    writeFileSync(file, JSON.stringify({ ...SETTINGS, ...change }));
    try {
      readSettings(file);
      return '';
    } catch (error) {
      return (error as Error).message.replace(file, 'FILE');
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test.each([
    ['right', {}, ''],
    ['a figure without its paper', { figures: ['small'] }, /FILE: figures\[0\]: is "small"/],
    [
      'a pair of another figure',
      { calibration: [{ figure: 'paper/other', cell: {} }] },
      /FILE: calibration\[0\]\.figure: is "paper\/other"; expected one of paper\/small/,
    ],
    ['a bar on what is not compared', { ranks: ['x'] }, /"x" is not compared/],
    ['a bar of 0', { bars: [{ metric: 'be_throughput', median_error: 0 }] }, /expected a number/],
  ])('%s', (_, change, message) => {
    if (message === '') expect(problems(change)).toBe('');
    else expect(problems(change)).toMatch(message);
  });
});
