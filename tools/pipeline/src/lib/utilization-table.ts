/** Reading utilization.csv, as utilization.ts writes it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv } from './csv.ts';
import { UserError } from './errors.ts';

export const UTILIZATION = 'utilization.csv';

/** Rows for a plot, numbers as numbers; null where the figure has no such table. */
export function readUtilization(
  out: string,
  axes: readonly string[],
): Record<string, string | number>[] | null {
  const path = join(out, UTILIZATION);
  if (!existsSync(path)) return null;
  const text = ['system', ...axes];
  return readCsv(path, 'run the gather step again').map((row, i) =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [
        column,
        text.includes(column) ? value : numberOf(row, column, `${path}:${i + 2}`),
      ]),
    ),
  );
}

/** A number of a row; `where` is its file and line. */
export function numberOf(row: Record<string, string>, column: string, where: string): number {
  const value = row[column];
  if (value === undefined || value === '' || !Number.isFinite(Number(value))) {
    throw new UserError(`${where}: ${column} is "${value ?? ''}"; expected a number`);
  }
  return Number(value);
}
