/** Series beside results.csv: which tables a figure may ask for, and how plots read them. series.ts writes them. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv } from './csv.ts';
import { UserError } from './errors.ts';
import type { FigureDefinition } from './figure-schema.ts';

export interface SeriesTable {
  file: 'utilization.csv' | 'memory.csv' | 'phases.csv';
  asked: (figure: FigureDefinition) => boolean;
  /** Columns of text beside `system` and the axes; the others hold numbers. */
  text: readonly string[];
  /** Columns of numbers that may be unknown: empty in the file. */
  optional: readonly string[];
}

/** What the GPUs were used for. */
export const UTILIZATION: SeriesTable = {
  file: 'utilization.csv',
  asked: (figure) => figure.utilization_interval_ns !== undefined,
  text: [],
  optional: [],
};

/** The memory of the simulated GPUs. */
export const MEMORY: SeriesTable = {
  file: 'memory.csv',
  asked: (figure) => figure.memory_interval_ns !== undefined,
  text: ['client'],
  optional: ['budget_gib'],
};

/** When each phase of an iteration was on the simulated device. */
export const PHASES: SeriesTable = {
  file: 'phases.csv',
  asked: (figure) => figure.phases === true,
  text: ['client', 'phase'],
  optional: [],
};

export const SERIES: readonly SeriesTable[] = [UTILIZATION, MEMORY, PHASES];

/** Rows for a plot, numbers as numbers and unknown ones as null; null where the figure has no such table. */
export function readSeries(
  { file, text, optional }: SeriesTable,
  out: string,
  axes: readonly string[],
): Record<string, string | number | null>[] | null {
  const path = join(out, file);
  if (!existsSync(path)) return null;
  const plain = ['system', ...axes, ...text];
  return readCsv(path, 'run the gather step again').map((row, i) => {
    const valueOf = (column: string, value: string): string | number | null => {
      if (plain.includes(column)) return value;
      if (optional.includes(column) && value === '') return null;
      return numberOf(row, column, `${path}:${String(i + 2)}`);
    };
    return Object.fromEntries(
      Object.entries(row).map(([column, value]) => [column, valueOf(column, value)]),
    );
  });
}

/** A number of a row; `where` is its file and line. */
export function numberOf(row: Record<string, string>, column: string, where: string): number {
  const value = row[column];
  if (value === undefined || value === '' || !Number.isFinite(Number(value))) {
    throw new UserError(`${where}: ${column} is "${value ?? ''}"; expected a number`);
  }
  return Number(value);
}
