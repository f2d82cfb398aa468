/**
 * Does the simulator put systems in the right order? Asked of every two systems of a cell whose measured values
 * differ by more than noise: the 95 % interval of their difference excludes zero, both from the bootstrap over requests
 * and seeds and by Student over the runs. The bootstrap alone never leaves the range of the runs' own differences, so that of
 * two equal systems it finds one ahead whenever three runs agree in sign, which is once in four times; Student alone takes
 * three runs that happen to be near each other for sure. Runs of one seed saw the same arrivals, and both keep that pairing.
 */

import { sampleRankCorrelation } from 'simple-statistics';
import { interval } from '../bootstrap.ts';
import type { Measurement } from '../measure.ts';
import { studentInterval } from '../student.ts';
import { cellKey, type Compared, type Point } from './compare.ts';

export interface WrongPair {
  /** The system with the larger measured value, and the one with the smaller. */
  above: string;
  below: string;
  measured: [number, number];
  simulated: [number, number];
}

export interface CellRanks {
  figure: string;
  cell: Record<string, string>;
  metric: string;
  /** Pairs of systems, those with a gap above noise, and those of them that the simulator orders alike. */
  pairs: number;
  clear: number;
  right: number;
  wrong: WrongPair[];
  /** Spearman's coefficient over all systems of the cell; null with fewer than three. */
  spearman: number | null;
}

/** Ranks in every cell. With `below`, systems at that load or above are left out of latency metrics. */
export function ranksOf(
  compared: Compared,
  points: readonly Point[],
  metrics: readonly string[],
  below: number,
): CellRanks[] {
  const shared = compared.measured.filter(
    ({ entry, metric }) => entry.alone !== true && metrics.includes(metric.name),
  );
  const groups = new Map<string, Measurement[]>();
  for (const m of shared) {
    if (m.metric.quantity === 'latency' && loadOf(points, m) >= below) continue;
    const group = `${m.metric.name} ${cellKey('', m.cell)}`;
    groups.set(group, [...(groups.get(group) ?? []), m]);
  }
  const simulated = new Map(
    compared.simulated.map((m) => [`${m.metric.name} ${cellKey(m.entry.id, m.cell)}`, m.value]),
  );
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined) return [];
    const members = group.flatMap((m) => {
      const value = simulated.get(`${m.metric.name} ${cellKey(m.entry.id, m.cell)}`);
      return value === undefined ? [] : [{ m, simulated: value }];
    });
    return [
      {
        figure: compared.figure,
        cell: first.cell,
        metric: first.metric.name,
        ...judgePairs(members),
        spearman:
          members.length < 3
            ? null
            : sampleRankCorrelation(
                members.map(({ m }) => m.value),
                members.map((member) => member.simulated),
              ),
      },
    ];
  });
}

function judgePairs(
  members: readonly { m: Measurement; simulated: number }[],
): Pick<CellRanks, 'pairs' | 'clear' | 'right' | 'wrong'> {
  let pairs = 0;
  let clear = 0;
  const wrong: WrongPair[] = [];
  members.forEach((a, i) => {
    for (const b of members.slice(i + 1)) {
      pairs++;
      if (!isClear(a.m, b.m)) continue;
      clear++;
      const [above, below] = a.m.value > b.m.value ? [a, b] : [b, a];
      if (above.simulated > below.simulated) continue;
      wrong.push({
        above: above.m.entry.id,
        below: below.m.entry.id,
        measured: [above.m.value, below.m.value],
        simulated: [above.simulated, below.simulated],
      });
    }
  });
  return { pairs, clear, right: clear - wrong.length, wrong };
}

/** Whether a and b differ by more than noise. */
function isClear(a: Measurement, b: Measurement): boolean {
  const difference = <T extends Float64Array | number[]>(of: T, less: T): T =>
    of.map((value, k) => value - (less[k] ?? NaN)) as T;
  return [
    interval(difference(a.replicates, b.replicates)),
    studentInterval(difference(a.perRun, b.perRun)),
  ].every(([low, high]) => low > 0 || high < 0);
}

function loadOf(points: readonly Point[], m: Measurement): number {
  const own = points.find(
    ({ system, cell }) => cellKey(system, cell) === cellKey(m.entry.id, m.cell),
  );
  return own?.load ?? 0;
}
