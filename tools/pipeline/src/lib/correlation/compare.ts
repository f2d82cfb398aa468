/**
 * Simulated values beside measured ones: one point per metric, system and cell that both have.
 *
 * Load is the measured utilisation of the high-priority client, rate × mean service time: at high load a small
 * error of service times becomes a large one of queueing, whatever the simulator does right.
 */

import type { SystemEntry } from '../figure-schema.ts';
import type { Measurement } from '../measure.ts';

/** `solo`: an entry that runs its clients alone; it says nothing about sharing. */
export type PointSet = 'calibration' | 'held-back' | 'solo';

export interface Point {
  figure: string;
  system: string;
  /** Axis value ids; of an entry that runs alone, the client's own axis only. */
  cell: Record<string, string>;
  metric: string;
  unit: string;
  simulated: number;
  measured: number;
  /** 95 % interval of the measured value. */
  ci_low: number;
  ci_high: number;
  /** simulated / measured − 1 */
  error: number;
  set: PointSet;
  /** Load of the high-priority client under this system; null without one, or where it is not measured. */
  load: number | null;
}

export interface Compared {
  figure: string;
  /** The client whose latency is protected, which ends a run. */
  client: string;
  /** Simulated and measured values of the same plans. */
  simulated: readonly Measurement[];
  measured: readonly Measurement[];
}

/** Points of one figure, in the order of its measurements; `interval` is that of the measured value. */
export function comparePoints(
  { figure, client, simulated, measured }: Compared,
  metrics: readonly string[],
  isCalibration: (cell: Record<string, string>) => boolean,
  interval: (measurement: Measurement) => [number, number],
): Point[] {
  const simulatedBy = new Map(simulated.map((m) => [key(m), m]));
  const loads = loadsOf(client, measured);
  const seen = new Set<string>();
  return measured.flatMap((m) => {
    const twin = simulatedBy.get(key(m));
    if (twin === undefined || !metrics.includes(m.metric.name)) return [];
    const cell = ownCell(m.entry, m.metric.client, m.cell);
    const id = JSON.stringify([m.entry.id, cell, m.metric.name]);
    if (seen.has(id)) return [];
    seen.add(id);
    const [low, high] = interval(m);
    return [
      {
        figure,
        system: m.entry.id,
        cell,
        metric: m.metric.name,
        unit: m.metric.unit,
        simulated: twin.value,
        measured: m.value,
        ci_low: low,
        ci_high: high,
        error: twin.value / m.value - 1,
        set: m.entry.alone === true ? 'solo' : isCalibration(m.cell) ? 'calibration' : 'held-back',
        load:
          m.entry.alone === true && m.metric.client !== client
            ? null
            : (loads.get(cellKey(m.entry.id, m.cell)) ?? null),
      },
    ];
  });
}

/** Rate × mean service time, by system and cell. The rate is the highest that any system completes. */
function loadsOf(client: string, measured: readonly Measurement[]): Map<string, number> {
  const rates = new Map<string, number>();
  for (const m of measured.filter(({ metric }) => metric.name === `${client}_throughput`)) {
    const cell = cellKey('', m.cell);
    rates.set(cell, Math.max(rates.get(cell) ?? 0, m.value));
  }
  return new Map(
    measured
      .filter(({ metric }) => metric.name === `${client}_service_mean`)
      .map((m) => {
        const rate = rates.get(cellKey('', m.cell)) ?? NaN;
        return [cellKey(m.entry.id, m.cell), (rate * m.value) / 1000];
      }),
  );
}

function ownCell(
  entry: SystemEntry,
  client: string,
  cell: Record<string, string>,
): Record<string, string> {
  return entry.alone === true ? { [client]: cell[client] ?? '' } : cell;
}

export function cellKey(system: string, cell: Record<string, string>): string {
  return JSON.stringify([system, cell]);
}

function key(m: Measurement): string {
  return `${cellKey(m.entry.id, m.cell)} ${m.metric.name}`;
}
