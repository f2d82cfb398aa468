/** Reading phases.csv, as phases.ts writes it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv } from './csv.ts';
import { numberOf } from './utilization-table.ts';

export const PHASES = 'phases.csv';

/** Rows for a plot, numbers as numbers; null where the figure has no such table. */
export function readPhases(
  out: string,
  axes: readonly string[],
): Record<string, string | number>[] | null {
  const path = join(out, PHASES);
  if (!existsSync(path)) return null;
  const text = ['system', ...axes, 'client', 'phase'];
  return readCsv(path, 'run the gather step again').map((row, i) =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [
        column,
        text.includes(column) ? value : numberOf(row, column, `${path}:${String(i + 2)}`),
      ]),
    ),
  );
}
