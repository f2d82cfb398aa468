/**
 * memory.csv: the memory of the simulated GPUs over time, for plots. One row an interval, client and plan with the figure's
 * first seed; client "all" is all that run on the GPU together.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv, toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { MEMORY_TABLE } from './memory-table.ts';
import { ALL, planCells } from './plans.ts';
import { rawPath } from './raw.ts';
import { numberOf } from './utilization-table.ts';

const NS_PER_MS = 1e6;
const BYTES_PER_GIB = 2 ** 30;

/** Writes the series of a figure that asks for it; removes one that it no longer asks for. */
export function writeMemory(out: string, figure: FigureDefinition): void {
  const path = join(out, MEMORY_TABLE);
  if (figure.memory_interval_ns === undefined) {
    rmSync(path, { force: true });
    return;
  }
  const axes = Object.keys(figure.axes);
  const rows = figure.systems.flatMap((entry) =>
    planCells(figure, entry)
      .filter(({ plan }) => plan.seed === figure.seeds[0])
      .flatMap(({ plan, cell }) => {
        const file = `${rawPath(out, entry.id, plan.id)}.memory.csv`;
        return readCsv(file, `run ${entry.id} again`).map((row, i) => {
          const number = (column: string): number => numberOf(row, column, `${file}:${i + 2}`);
          const gib = (column: string): number => number(column) / BYTES_PER_GIB;
          return [
            ...[entry.id, ...axes.map((axis) => cell[axis] ?? ''), number('gpu')],
            row['client'] === '' ? ALL : (row['client'] ?? ''),
            ...[number('begin_ns') / NS_PER_MS, number('end_ns') / NS_PER_MS],
            ...[gib('live_mean'), gib('live_max'), gib('held_max')],
            row['budget'] === '' ? '' : gib('budget'),
          ];
        });
      }),
  );
  const columns = [
    ...['system', ...axes, 'gpu', 'client', 'begin_ms', 'end_ms'],
    ...['live_mean_gib', 'live_max_gib', 'held_max_gib', 'budget_gib'],
  ];
  writeAtomic(path, toCsv(columns, rows));
}
