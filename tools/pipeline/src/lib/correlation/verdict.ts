/** What the comparison comes to: median errors by metric and set, the bars, and the ranks. */

import { median, quantile } from 'simple-statistics';
import type { Point, PointSet } from './compare.ts';
import type { CellRanks, WrongPair } from './ranks.ts';
import type { CorrelationSettings } from './settings.ts';

export type Judgement = 'HOLDS' | 'FAILS' | 'UNTESTED';

export interface ErrorSummary {
  figure: string;
  metric: string;
  set: PointSet;
  /** `all`, or one side of the load limit. */
  load: 'all' | 'below' | 'above';
  n: number;
  /** Of the absolute relative errors. */
  median: number | null;
  p90: number | null;
  /** Signed: whether the simulator tends to be high or low. */
  bias: number | null;
}

export interface Bar {
  metric: string;
  load: 'all' | 'below';
  limit: number;
  n: number;
  median: number | null;
  verdict: Judgement;
}

export interface CorrelationVerdict {
  version: 1;
  figures: string[];
  not_measured: string[];
  load_limit: number;
  bars: Bar[];
  ranks: {
    metric: string;
    cells: number;
    clear: number;
    right: number;
    lowest_spearman: number | null;
    /** The largest measured gap, relative to the smaller value, that the simulator has the wrong way round. */
    largest_wrong_gap: number | null;
    verdict: Judgement;
  }[];
  errors: ErrorSummary[];
  wrong_ranks: CellRanks[];
}

export function judgeCorrelation(
  settings: CorrelationSettings,
  points: readonly Point[],
  ranks: readonly CellRanks[],
  notMeasured: readonly string[],
): CorrelationVerdict {
  const figures = settings.figures.filter((figure) => !notMeasured.includes(figure));
  return {
    version: 1,
    figures,
    not_measured: [...notMeasured],
    load_limit: settings.load_limit,
    bars: settings.bars.map((bar) => judgeBar(settings, bar, points)),
    ranks: settings.ranks.map((metric) => judgeRanks(metric, ranks)),
    errors: ['all', ...figures].flatMap((figure) => summaries(settings, figure, points)),
    wrong_ranks: ranks.filter(({ wrong }) => wrong.length > 0),
  };
}

/** The points whose median error a bar is on. */
export function barPoints(
  settings: CorrelationSettings,
  { metric, below_load_limit: below }: CorrelationSettings['bars'][number],
  points: readonly Point[],
): Point[] {
  return points.filter(
    (point) =>
      point.metric === metric &&
      point.set === 'held-back' &&
      (!below || (point.load ?? 0) < settings.load_limit),
  );
}

function judgeBar(
  settings: CorrelationSettings,
  bar: CorrelationSettings['bars'][number],
  points: readonly Point[],
): Bar {
  const { metric, median_error: limit, below_load_limit: below } = bar;
  const held = barPoints(settings, bar, points);
  const value = medianError(held);
  return {
    metric,
    load: below ? 'below' : 'all',
    limit,
    n: held.length,
    median: value,
    verdict: value === null ? 'UNTESTED' : value <= limit ? 'HOLDS' : 'FAILS',
  };
}

function judgeRanks(
  metric: string,
  ranks: readonly CellRanks[],
): CorrelationVerdict['ranks'][number] {
  const own = ranks.filter((cell) => cell.metric === metric);
  const sum = (pick: (cell: CellRanks) => number): number =>
    own.reduce((total, cell) => total + pick(cell), 0);
  const clear = sum((cell) => cell.clear);
  const right = sum((cell) => cell.right);
  const gaps = own.flatMap(({ wrong }) => wrong.map(gapOf));
  const coefficients = own.flatMap(({ spearman }) => spearman ?? []);
  return {
    metric,
    cells: own.length,
    clear,
    right,
    lowest_spearman: coefficients.length === 0 ? null : Math.min(...coefficients),
    largest_wrong_gap: gaps.length === 0 ? null : Math.max(...gaps),
    verdict: clear === 0 ? 'UNTESTED' : right === clear ? 'HOLDS' : 'FAILS',
  };
}

/** How far apart the measured values of a pair are, relative to the smaller. */
export function gapOf({ measured: [above, below] }: WrongPair): number {
  return above / below - 1;
}

function summaries(
  settings: CorrelationSettings,
  figure: string,
  points: readonly Point[],
): ErrorSummary[] {
  const own = points.filter((point) => figure === 'all' || point.figure === figure);
  const sets: PointSet[] = ['held-back', 'calibration', 'solo'];
  return settings.metrics.flatMap((metric) =>
    sets.flatMap((set) => {
      const ofSet = own.filter((point) => point.metric === metric && point.set === set);
      if (ofSet.length === 0) return [];
      const high = ofSet.filter((point) => (point.load ?? 0) >= settings.load_limit);
      const split = set !== 'solo' && high.length > 0;
      const low = ofSet.filter((point) => !high.includes(point));
      return [
        summary(figure, metric, set, 'all', ofSet),
        ...(split
          ? [
              summary(figure, metric, set, 'below', low),
              summary(figure, metric, set, 'above', high),
            ]
          : []),
      ];
    }),
  );
}

function summary(
  figure: string,
  metric: string,
  set: PointSet,
  load: ErrorSummary['load'],
  points: readonly Point[],
): ErrorSummary {
  const errors = points.map(({ error }) => error);
  const sizes = errors.map(Math.abs);
  return {
    ...{ figure, metric, set, load, n: points.length, median: medianError(points) },
    p90: sizes.length === 0 ? null : quantile(sizes, 0.9),
    bias: errors.length === 0 ? null : median(errors),
  };
}

export function medianError(points: readonly Point[]): number | null {
  return points.length === 0 ? null : median(points.map(({ error }) => Math.abs(error)));
}
