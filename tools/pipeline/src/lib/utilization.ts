/**
 * utilization.csv: what the GPUs were used for over time, for plots. One row an interval of every plan with the
 * figure's first seed; a client that ran alone has its own axis only.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { USES } from './metric-names.ts';
import { planCells } from './plans.ts';
import type { RecordSource } from './records.ts';
import { numberOf, UTILIZATION } from './utilization-table.ts';

const NS_PER_MS = 1e6;

/** Writes the series of a figure that asks for it; removes one that it no longer asks for. */
export function writeUtilization(
  out: string,
  figure: FigureDefinition,
  source: Pick<RecordSource, 'table'>,
): void {
  const path = join(out, UTILIZATION);
  if (figure.utilization_interval_ns === undefined) {
    rmSync(path, { force: true });
    return;
  }
  const axes = Object.keys(figure.axes);
  const rows = figure.systems.flatMap((entry) =>
    planCells(figure, entry)
      .filter(({ plan }) => plan.seed === figure.seeds[0])
      .flatMap(({ plan, cell }) => {
        const { path: file, rows: intervals } = source.table(entry, plan, UTILIZATION);
        return intervals.map((row, i) => {
          const number = (column: string): number => numberOf(row, column, `${file}:${i + 2}`);
          return [
            ...[entry.id, ...axes.map((axis) => cell[axis] ?? ''), number('gpu')],
            ...[number('begin_ns') / NS_PER_MS, number('end_ns') / NS_PER_MS],
            ...USES.map(number),
          ];
        });
      }),
  );
  const columns = ['system', ...axes, 'gpu', 'begin_ms', 'end_ms', ...USES];
  writeAtomic(path, toCsv(columns, rows));
}
