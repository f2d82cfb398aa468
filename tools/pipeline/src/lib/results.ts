/**
 * results.csv: one tidy row per figure × system × cell × metric, the only thing that plots and claims read.
 */

import { toCsv, readCsv } from './csv.ts';
import { UserError } from './errors.ts';

/** Columns before and after the cell's axes. */
const BEFORE = ['figure', 'system'] as const;
const AFTER = [
  'metric',
  'value',
  'ci_low',
  'ci_high',
  'n',
  'unit',
  'seeds',
  'lane',
  'gpu',
  'label',
  'note',
] as const;

export interface ResultRow {
  figure: string;
  system: string;
  /** Axis value id by axis, or "mean". */
  cell: Record<string, string>;
  metric: string;
  value: number;
  /** 95 % interval. */
  ci_low: number;
  ci_high: number;
  /** Requests or iterations behind the value, over all seeds. */
  n: number;
  unit: string;
  /** Runs behind the value. */
  seeds: number;
  lane: string;
  gpu: string;
  /** How the numbers came to be: "simulated", "simulated, derived programs", … */
  label: string;
  /** Marks of a value that is not fit for a conclusion, separated by "; ", or empty. */
  note: string;
}

/** Digits kept: more than any interval supports, fewer than rounding errors reach. */
const SIGNIFICANT = 6;

function format(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT));
}

export function resultsToCsv(axes: readonly string[], rows: readonly ResultRow[]): string {
  return toCsv(
    [...BEFORE, ...axes, ...AFTER],
    rows.map((row) => [
      row.figure,
      row.system,
      ...axes.map((axis) => row.cell[axis] ?? ''),
      row.metric,
      format(row.value),
      format(row.ci_low),
      format(row.ci_high),
      row.n,
      row.unit,
      row.seeds,
      row.lane,
      row.gpu,
      row.label,
      row.note,
    ]),
  );
}

/** Reads results.csv of a figure with these axes. */
export function readResults(path: string, axes: readonly string[]): ResultRow[] {
  return readCsv(path, 'run the gather step first').map((row, i) => {
    const where = `${path}:${String(i + 2)}`;
    const text = (column: string): string => {
      const value = row[column];
      if (value === undefined)
        throw new UserError(`${where}: no column "${column}"; run the gather step again`);
      return value;
    };
    const number = (column: string): number => {
      const value = Number(text(column));
      if (text(column) === '' || !Number.isFinite(value)) {
        throw new UserError(`${where}: ${column} is "${text(column)}"; expected a number`);
      }
      return value;
    };
    return {
      figure: text('figure'),
      system: text('system'),
      cell: Object.fromEntries(axes.map((axis) => [axis, text(axis)])),
      metric: text('metric'),
      value: number('value'),
      ci_low: number('ci_low'),
      ci_high: number('ci_high'),
      n: number('n'),
      unit: text('unit'),
      seeds: number('seeds'),
      lane: text('lane'),
      gpu: text('gpu'),
      label: text('label'),
      note: text('note'),
    };
  });
}
