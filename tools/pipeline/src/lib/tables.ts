/**
 * Tables in the layout of an artifact's own result files, so that its scripts can read ours: one file per
 * system, an unnamed index column, cells "mean/std" over the runs with two decimals, 0 where there is no data.
 * std is the population's, as numpy.std computes it.
 */

import { toCsv } from './csv.ts';
import type { FigureDefinition, SystemEntry, TableDefinition } from './figure-schema.ts';
import type { Measurement } from './measure.ts';
import { mean, standardDeviation } from './stats.ts';

/** File name below the output folder and content, for one system entry. */
export function tableFor(
  figure: FigureDefinition,
  table: TableDefinition,
  entry: SystemEntry,
  measured: readonly Measurement[],
): { file: string; content: string } {
  const rows = figure.axes[table.rows] ?? [];
  const columns = figure.axes[table.columns] ?? [];
  const name = (value: { label: string; table_label?: string | undefined }): string =>
    value.table_label ?? value.label;
  const header = table.all_columns ?? columns.map(name);
  const body = rows.map((row) => [
    name(row),
    ...header.map((title) => {
      const column = columns.find((value) => name(value) === title);
      const found = measured.find(
        (m) =>
          m.entry === entry &&
          m.metric.name === table.metric &&
          m.cell[table.rows] === row.id &&
          m.cell[table.columns] === column?.id,
      );
      return found === undefined ? '0' : meanAndDeviation(found.perRun);
    }),
  ]);
  return {
    file: table.file.replaceAll('{system}', entry.id),
    content: toCsv(['', ...header], body),
  };
}

/** "12.30/0.45" */
export function meanAndDeviation(perRun: readonly number[]): string {
  return `${mean(perRun).toFixed(2)}/${standardDeviation(perRun).toFixed(2)}`;
}
