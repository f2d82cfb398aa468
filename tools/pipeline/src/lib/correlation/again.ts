/**
 * The measure of the simulator's errors: what another GPU of the same kind gets, measured with the same plans on another
 * machine, where a figure has such measurements. Both are held to the first ones, on what all three have.
 */

import type { Measurement } from '../measure.ts';
import type { MissingPlan } from '../missing.ts';
import { cellKey, comparePoints, type Compared, type Point } from './compare.ts';
import { ranksOf, type CellRanks } from './ranks.ts';
import type { CorrelationSettings } from './settings.ts';
import { barPoints, medianError, type CorrelationVerdict } from './verdict.ts';

/** A figure that was measured again. */
export interface MeasuredAgain {
  compared: Compared;
  /** Of the simulator. */
  points: readonly Point[];
  again: readonly Measurement[];
  /** Plans that were not: a system of whose cell one is missing is left out. */
  missing: readonly MissingPlan[];
}

export interface AgainVerdict {
  bars: {
    metric: string;
    load: 'all' | 'below';
    n: number;
    /** Median errors; null where nothing was measured again. */
    simulated: number | null;
    again: number | null;
  }[];
  ranks: {
    metric: string;
    cells: number;
    /** Pairs with a gap above noise in the first measurements, and those of them in the same order. */
    clear: number;
    simulated: number;
    again: number;
  }[];
}

export interface WholeVerdict extends CorrelationVerdict {
  /** Null if no figure was measured again. */
  again: AgainVerdict | null;
}

interface Side {
  points: Point[];
  ranks: CellRanks[];
}

/** `isCalibration` and `interval` as in comparePoints. Null if no figure was measured again. */
export function judgeAgain(
  settings: CorrelationSettings,
  figures: readonly MeasuredAgain[],
  isCalibration: (figure: string, cell: Record<string, string>) => boolean,
  interval: (measurement: Measurement) => [number, number],
): AgainVerdict | null {
  if (figures.length === 0) return null;
  const sides = figures.map(({ compared, points, again, missing }) => {
    const without = new Set(missing.map(({ system, cell }) => cellKey(system, cell)));
    const has = new Set(
      again.map(({ entry, cell }) => cellKey(entry.id, cell)).filter((key) => !without.has(key)),
    );
    /** With these values, of what was measured again, in the place of the simulated ones. */
    const against = (values: readonly Measurement[]): Compared => ({
      ...compared,
      simulated: values.filter(({ entry, cell }) => has.has(cellKey(entry.id, cell))),
    });
    const ranks = (of: Compared): CellRanks[] =>
      ranksOf(of, points, settings.ranks, settings.load_limit);
    const measured = against(again);
    const simulated: Side = {
      points: points.filter(({ system, cell }) => has.has(cellKey(system, cell))),
      ranks: ranks(against(compared.simulated)),
    };
    const other: Side = {
      points: comparePoints(
        measured,
        settings.metrics,
        (cell) => isCalibration(compared.figure, cell),
        interval,
      ),
      ranks: ranks(measured),
    };
    return { simulated, again: other };
  });
  const simulated = joined(sides.map((side) => side.simulated));
  const again = joined(sides.map((side) => side.again));
  return {
    bars: settings.bars.map((bar) => {
      const held = barPoints(settings, bar, simulated.points);
      return {
        metric: bar.metric,
        load: bar.below_load_limit ? 'below' : 'all',
        n: held.length,
        simulated: medianError(held),
        again: medianError(barPoints(settings, bar, again.points)),
      };
    }),
    ranks: settings.ranks.map((metric) => {
      const cells = simulated.ranks.filter((cell) => cell.metric === metric && cell.pairs > 0);
      return {
        metric,
        cells: cells.length,
        clear: cells.reduce((sum, { clear }) => sum + clear, 0),
        simulated: cells.reduce((sum, { right }) => sum + right, 0),
        again: again.ranks
          .filter((cell) => cell.metric === metric)
          .reduce((sum, { right }) => sum + right, 0),
      };
    }),
  };
}

function joined(sides: readonly Side[]): Side {
  return {
    points: sides.flatMap(({ points }) => points),
    ranks: sides.flatMap(({ ranks }) => ranks),
  };
}
