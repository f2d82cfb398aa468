/**
 * phases.csv: when each phase of an iteration was on the simulated device, for plots. One row a phase of every plan with
 * the figure's first seed, warm-up included; a client that ran alone has its own axis only.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv, toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { PHASES } from './phases-table.ts';
import { planCells } from './plans.ts';
import { rawPath } from './raw.ts';
import { numberOf } from './utilization-table.ts';

const NS_PER_MS = 1e6;

/** Writes the phases of a figure that asks for them; removes those that it no longer asks for. */
export function writePhases(out: string, figure: FigureDefinition): void {
  const path = join(out, PHASES);
  if (figure.phases !== true) {
    rmSync(path, { force: true });
    return;
  }
  const axes = Object.keys(figure.axes);
  const rows = figure.systems.flatMap((entry) =>
    planCells(figure, entry)
      .filter(({ plan }) => plan.seed === figure.seeds[0])
      .flatMap(({ plan, cell }) => {
        const file = `${rawPath(out, entry.id, plan.id)}.phases.csv`;
        return readCsv(file, `run ${entry.id} again`).map((row, i) => {
          const number = (column: string): number =>
            numberOf(row, column, `${file}:${String(i + 2)}`);
          return [
            ...[entry.id, ...axes.map((axis) => cell[axis] ?? '')],
            ...[row['client'] ?? '', number('iteration'), row['phase'] ?? ''],
            ...[number('begin_ns') / NS_PER_MS, number('end_ns') / NS_PER_MS],
          ];
        });
      }),
  );
  const columns = ['system', ...axes, 'client', 'iteration', 'phase', 'begin_ms', 'end_ms'];
  writeAtomic(path, toCsv(columns, rows));
}
