/** Reading memory.csv, as memory.ts writes it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv } from './csv.ts';
import { numberOf } from './utilization-table.ts';

export const MEMORY_TABLE = 'memory.csv';

/** Rows for a plot, numbers as numbers, a budget that is not known as null; null where the figure has no such table. */
export function readMemory(
  out: string,
  axes: readonly string[],
): Record<string, string | number | null>[] | null {
  const path = join(out, MEMORY_TABLE);
  if (!existsSync(path)) return null;
  const text = ['system', ...axes, 'client'];
  return readCsv(path, 'run the gather step again').map((row, i) => {
    const valueOf = (column: string, value: string): string | number | null => {
      if (text.includes(column)) return value;
      if (column === 'budget_gib' && value === '') return null;
      return numberOf(row, column, `${path}:${i + 2}`);
    };
    return Object.fromEntries(
      Object.entries(row).map(([column, value]) => [column, valueOf(column, value)]),
    );
  });
}
