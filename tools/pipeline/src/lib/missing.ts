/**
 * missing.csv: the plans of a figure that have no records, and why. A complete figure has no such file.
 *
 * Measurements may be partial. What is absent must be visible wherever results are shown, so that a cell that
 * was never measured is not taken for one that failed, or overlooked.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv, toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { cellsOf } from './plans.ts';

export interface MissingPlan {
  system: string;
  /** Axis value id by axis; a client that runs alone has its own axis only. */
  cell: Record<string, string>;
  seed: number;
  reason: string;
}

const FILE = 'missing.csv';

export function writeMissing(
  out: string,
  axes: readonly string[],
  missing: readonly MissingPlan[],
): void {
  const path = join(out, FILE);
  if (missing.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  const rows = missing.map(({ system, cell, seed, reason }) => [
    system,
    ...axes.map((axis) => cell[axis] ?? ''),
    seed,
    reason,
  ]);
  writeAtomic(path, toCsv(['system', ...axes, 'seed', 'reason'], rows));
}

export function readMissing(out: string, axes: readonly string[]): MissingPlan[] {
  const path = join(out, FILE);
  if (!existsSync(path)) return [];
  return readCsv(path, 'run the gather step again').map((row) => ({
    system: row['system'] ?? '',
    cell: Object.fromEntries(
      axes.map((axis): [string, string] => [axis, row[axis] ?? '']).filter(([, id]) => id !== ''),
    ),
    seed: Number(row['seed']),
    reason: row['reason'] ?? '',
  }));
}

/** Why a system's value in a cell is absent or rests on fewer runs; null if it is complete. */
export function missingReason(
  missing: readonly MissingPlan[],
  system: string,
  cell: Record<string, string>,
): string | null {
  const covers = (plan: MissingPlan): boolean =>
    plan.system === system && Object.entries(plan.cell).every(([axis, id]) => cell[axis] === id);
  return missing.find(covers)?.reason ?? null;
}

/** How many of the figure's cells, over all systems, are measured with every seed. */
export function coverage(
  figure: FigureDefinition,
  missing: readonly MissingPlan[],
): { measured: number; of: number } {
  const all = figure.systems.flatMap((entry) =>
    cellsOf(figure, entry).map((cell) => ({
      system: entry.id,
      cell: Object.fromEntries(Object.entries(cell).map(([axis, value]) => [axis, value.id])),
    })),
  );
  const complete = all.filter(({ system, cell }) => missingReason(missing, system, cell) === null);
  return { measured: complete.length, of: all.length };
}
