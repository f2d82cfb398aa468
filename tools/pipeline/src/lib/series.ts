/**
 * What the core records over time, for plots: a table for each series that the figure asks for, of every plan with the figure's
 * first seed. A client that ran alone has its own axis only.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { USES } from './metric-names.ts';
import { ALL, planCells } from './plans.ts';
import type { RecordSource } from './records.ts';
import { numberOf, SERIES, type SeriesTable } from './series-table.ts';
import { BYTES_PER_GIB, NS_PER_MS } from './units.ts';

/** A row as the core wrote it. */
interface RawRow {
  fields: Record<string, string>;
  /** A field as a number. Throws UserError with file and line if it is none. */
  number: (column: string) => number;
}

/** A table's columns after `system` and the axes, each from a row of the core's. */
type Columns = Record<string, (row: RawRow) => string | number>;

/** When the row begins and ends, from the run's start. */
const TIMES: Columns = {
  begin_ms: ({ number }) => number('begin_ns') / NS_PER_MS,
  end_ms: ({ number }) => number('end_ns') / NS_PER_MS,
};

const COLUMNS: Record<SeriesTable['file'], Columns> = {
  // A row an interval.
  'utilization.csv': {
    gpu: ({ number }) => number('gpu'),
    ...TIMES,
    ...Object.fromEntries(USES.map((use) => [use, ({ number }: RawRow) => number(use)])),
  },
  // A row an interval and client; without a client, of all that run on the GPU together.
  'memory.csv': {
    gpu: ({ number }) => number('gpu'),
    client: ({ fields }) => (fields['client'] === '' ? ALL : (fields['client'] ?? '')),
    ...TIMES,
    live_mean_gib: ({ number }) => number('live_mean') / BYTES_PER_GIB,
    live_max_gib: ({ number }) => number('live_max') / BYTES_PER_GIB,
    held_max_gib: ({ number }) => number('held_max') / BYTES_PER_GIB,
    budget_gib: ({ fields, number }) =>
      fields['budget'] === '' ? '' : number('budget') / BYTES_PER_GIB,
  },
  // A row a phase, warm-up included.
  'phases.csv': {
    client: ({ fields }) => fields['client'] ?? '',
    iteration: ({ number }) => number('iteration'),
    phase: ({ fields }) => fields['phase'] ?? '',
    ...TIMES,
  },
};

/** Writes the series that the figure asks for; removes those that it no longer asks for. */
export function writeSeries(
  out: string,
  figure: FigureDefinition,
  source: Pick<RecordSource, 'table'>,
): void {
  for (const table of SERIES) {
    if (table.asked(figure)) writeTable(out, figure, source, table);
    else rmSync(join(out, table.file), { force: true });
  }
}

function writeTable(
  out: string,
  figure: FigureDefinition,
  source: Pick<RecordSource, 'table'>,
  { file }: SeriesTable,
): void {
  const axes = Object.keys(figure.axes);
  const columns = Object.entries(COLUMNS[file]);
  const rows = figure.systems.flatMap((entry) =>
    planCells(figure, entry)
      .filter(({ plan }) => plan.seed === figure.seeds[0])
      .flatMap(({ plan, cell }) => {
        const ids = axes.map((axis) => cell[axis] ?? '');
        const { path, rows: raws } = source.table(entry, plan, file);
        return raws.map((row, i) => {
          const raw: RawRow = {
            fields: row,
            number: (column) => numberOf(row, column, `${path}:${String(i + 2)}`),
          };
          return [entry.id, ...ids, ...columns.map(([, value]) => value(raw))];
        });
      }),
  );
  const header = ['system', ...axes, ...columns.map(([name]) => name)];
  writeAtomic(join(out, file), toCsv(header, rows));
}
